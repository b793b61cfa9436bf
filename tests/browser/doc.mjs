// Opens the pages of a running server in Chromium: node doc.mjs BASE CHROMIUM
// Every operation of /openapi.json has to be shown, one is tried out, and nothing may be complained
// of on the console: that is where a browser tells what the page's policy forbade.
import { chromium } from 'playwright-core';

const [base, executablePath] = process.argv.slice(2);
if (executablePath === undefined) {
  console.error('usage: node doc.mjs BASE CHROMIUM');
  process.exit(2);
}

const complaints = [];
let failed = 0;

function expect(holds, what) {
  console.log(`${holds ? 'ok' : 'FAILED'}: ${what}`);
  failed += holds ? 0 : 1;
}

function watch(page) {
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !url.startsWith('data:')) {
      complaints.push(`asked another site: ${url}`);
    }
  });
}

function operationsOf(document) {
  return Object.values(document.paths).flatMap((item) =>
    Object.values(item).map((operation) => operation.operationId),
  );
}

async function showsAll(page, document) {
  await page.goto(`${base}/doc`);
  await page.waitForSelector('.opblock');
  const shown = await page.$$eval('.opblock', (blocks) => blocks.map((it) => it.id));
  const wanted = operationsOf(document);
  const missing = wanted.filter((id) => !shown.some((it) => it.endsWith(`-${id}`)));
  expect(missing.length === 0, `all ${wanted.length} operations are shown ${missing.join(' ')}`);
}

// Opens an operation, fills its body if any, executes, and returns the status and body shown.
async function tryOut(page, id, body) {
  const block = page.locator(`.opblock[id$="-${id}"]`);
  await block.locator('.opblock-summary-control').first().click();
  await block.locator('.try-out__btn').click();
  if (body !== undefined) {
    await block.locator('textarea.body-param__text').fill(JSON.stringify(body));
  }
  await block.locator('.execute').click();
  const live = block.locator('.live-responses-table .response').first();
  await live.waitFor();
  const status = await live.locator('.response-col_status').innerText();
  return { status: status.trim().slice(0, 3), text: await live.innerText() };
}

async function triesOut(page) {
  const health = await tryOut(page, 'healthz');
  expect(health.status === '200', 'healthz can be tried out');
  const login = await tryOut(page, 'auth_login', {
    email: 'nobody@example.com',
    password: 'is not there',
    device: 'AAAAAAAAAAAAAAAAAAAAAA',
  });
  expect(login.status === '401', `auth.login of nobody is refused: ${login.status}`);
  expect(login.text.includes('INVALID_CREDENTIALS'), 'and the page shows why');
}

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage();
  watch(page);
  const answer = await page.goto(`${base}/openapi.json`);
  const document = await answer.json();
  await showsAll(page, document);
  expect(complaints.length === 0, `nothing is complained of: ${complaints.join('; ')}`);
  await triesOut(page);
  // A browser logs an answer of 401 as an error of the network.
  const others = complaints.filter((it) => !/status of 401/.test(it));
  expect(others.length === 0, `nor when operations are tried: ${others.join('; ')}`);
  complaints.length = 0;
  await page.goto(`${base}/`);
  await page.click('a[href="/doc/"]');
  await page.waitForSelector('.opblock');
  expect(complaints.length === 0, `the first page leads there: ${complaints.join('; ')}`);
  // The policy is at work: an inline script of the page itself would not run.
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    return window.ran === true;
  });
  expect(!ran, 'an inline script does not run');
  expect(complaints.some((it) => /Content Security Policy/.test(it)), 'and that is told');
  if (process.env.SCREENSHOT !== undefined) {
    await page.screenshot({ path: process.env.SCREENSHOT });
  }
} finally {
  await browser.close();
}
process.exit(failed === 0 ? 0 : 1);
