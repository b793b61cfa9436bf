// Shows /openapi.json. Nothing is asked of other sites: no validator, no fonts.
'use strict';

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#operations',
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
  tryItOutEnabled: false,
  withCredentials: true,
  persistAuthorization: false,
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
});
