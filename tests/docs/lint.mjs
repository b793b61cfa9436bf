// Lints the two documents: node lint.mjs OPENAPI ASYNCAPI
// Each is a file or an http:// address. Every warning fails. Then each document is broken in a few
// ways, and every breakage must be seen: a lint that finds nothing proves nothing.
import { readFile } from 'node:fs/promises';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Parser } from '@asyncapi/parser';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const openapiRules = {
  extends: ['recommended'],
  rules: {
    'no-invalid-media-type-examples': 'error',
    'no-invalid-parameter-examples': 'error',
    'no-invalid-schema-examples': 'error',
    'operation-operationId-unique': 'error',
    'operation-description': 'error',
    // The project names no licence of its own for its interface.
    'info-license': 'off',
  },
};

async function load(place) {
  if (!/^https?:/.test(place)) {
    return readFile(place, 'utf8');
  }
  const answer = await fetch(place);
  if (!answer.ok) {
    throw new Error(`${place}: ${answer.status}`);
  }
  return answer.text();
}

async function lintOpenapi(text) {
  const config = await createConfig(openapiRules);
  const found = await lintFromString({ source: text, absoluteRef: 'openapi.json', config });
  return found.map((it) => `${it.ruleId}: ${it.location[0]?.pointer ?? ''}: ${it.message}`);
}

// The parser knows no examples: they are held against the payloads here.
function lintExamples(document) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(document, 'document');
  const found = [];
  for (const [name, message] of Object.entries(document.components?.messages ?? {})) {
    const pointer = `document#/components/messages/${name}/payload`;
    const validate = ajv.compile({ $ref: pointer });
    if (!message.examples?.length) {
      found.push(`${name}: no example`);
    }
    for (const example of message.examples ?? []) {
      if (!validate(example.payload)) {
        found.push(`${name}: example ${example.name}: ${ajv.errorsText(validate.errors)}`);
      }
    }
  }
  return found;
}

async function lintAsyncapi(text) {
  const examples = lintExamples(JSON.parse(text));
  if (examples.length > 0) {
    return examples;
  }
  const found = await new Parser().validate(text);
  return found
    .filter((it) => it.severity <= 1)
    .map((it) => `${it.code}: ${it.path.join('.')}: ${it.message}`);
}

function firstOperation(document) {
  return Object.values(Object.values(document.paths)[0])[0];
}

const openapiBreakages = {
  'a $ref that leads nowhere': (it) => {
    firstOperation(it).responses['400'].$ref = '#/components/responses/gone';
  },
  'an operation without responses': (it) => {
    delete firstOperation(it).responses;
  },
  'two operations of one id': (it) => {
    for (const item of Object.values(it.paths)) {
      Object.values(item)[0].operationId = 'same';
    }
  },
  'an example that its schema refuses': (it) => {
    it.components.examples.BUSY.value.error.code = 7;
  },
  'a path parameter that is not declared': (it) => {
    it.paths['/api/v1/{gone}'] = Object.values(it.paths)[0];
  },
  'a component that nobody uses': (it) => {
    it.components.schemas.unused = { type: 'string' };
  },
};

const asyncapiBreakages = {
  'an operation without an action': (it) => {
    delete Object.values(it.operations)[0].action;
  },
  'a message that is not there': (it) => {
    Object.values(it.operations)[0].messages[0].$ref = '#/channels/ws/messages/gone';
  },
  'an example that its payload refuses': (it) => {
    it.components.messages.ping_request.examples[0].payload[0][2] = 'pong';
  },
};

async function check(name, place, lint, breakages) {
  const text = await load(place);
  const found = await lint(text);
  let failed = found.length;
  for (const line of found) {
    console.log(`${name}: ${line}`);
  }
  for (const [what, harm] of Object.entries(breakages)) {
    const document = JSON.parse(text);
    harm(document);
    if ((await lint(JSON.stringify(document))).length === 0) {
      console.log(`${name}: the lint does not see ${what}`);
      failed++;
    }
  }
  return failed;
}

const [openapi, asyncapi] = process.argv.slice(2);
if (asyncapi === undefined) {
  console.error('usage: node lint.mjs OPENAPI ASYNCAPI');
  process.exit(2);
}
const failed =
  (await check('openapi', openapi, lintOpenapi, openapiBreakages)) +
  (await check('asyncapi', asyncapi, lintAsyncapi, asyncapiBreakages));
console.log(failed === 0 ? 'both documents are well' : `${failed} faults`);
process.exit(failed === 0 ? 0 : 1);
