import { swagger } from '@elysiajs/swagger';
import { Elysia } from 'elysia';
import { pathsOf } from '../../wire/endpoint.ts';
import {
  ENDPOINTS,
  openApiExamples,
  openApiHeaders,
  openApiInfo,
  openApiSchemas,
  openApiTags,
} from '../../wire/openapi.ts';
import type { Services } from '../services.ts';

/** Nothing from elsewhere, and nobody may frame the page. Swagger UI styles its own elements. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>abcd: REST interface</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/swagger/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/swagger/swagger-ui-bundle.js"></script>
    <script src="/swagger/init.js"></script>
  </body>
</html>
`;

const INIT = `window.ui = SwaggerUIBundle({
  url: '/swagger/json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
});
`;

/** `/swagger` and `/swagger/json`: the interface, described. Works without any other host. */
export function swaggerRoutes({ config }: Services): Elysia {
  const app = new Elysia();
  app.use(
    swagger({
      path: '/swagger',
      specPath: '/swagger/json',
      documentation: {
        info: openApiInfo(config.version),
        tags: openApiTags(),
        paths: pathsOf(ENDPOINTS),
        components: {
          schemas: openApiSchemas(),
          headers: openApiHeaders(),
          examples: openApiExamples(),
        },
      },
    }),
  );
  // The plugin's own page loads its scripts from a CDN: this one takes its place.
  app.get(
    '/swagger',
    ({ set }) => {
      set.headers['content-type'] = 'text/html; charset=utf-8';
      set.headers['content-security-policy'] = PAGE_POLICY;
      return PAGE;
    },
    { detail: { hide: true } },
  );
  addAssets(app);
  return app;
}

function addAssets(app: Elysia): void {
  app.get('/swagger/swagger-ui.css', async ({ set }) => {
    set.headers['content-type'] = 'text/css; charset=utf-8';
    return fileOf('swagger-ui-dist/swagger-ui.css');
  });
  app.get('/swagger/swagger-ui-bundle.js', async ({ set }) => {
    set.headers['content-type'] = 'text/javascript; charset=utf-8';
    return fileOf('swagger-ui-dist/swagger-ui-bundle.js');
  });
  app.get('/swagger/init.js', ({ set }) => {
    set.headers['content-type'] = 'text/javascript; charset=utf-8';
    return INIT;
  });
}

/** A file of a package, wherever the package manager put it. */
function fileOf(specifier: string): Promise<Uint8Array> {
  return Bun.file(new URL(import.meta.resolve(specifier))).bytes();
}
