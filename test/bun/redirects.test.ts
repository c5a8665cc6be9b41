import { expect, test } from 'bun:test';

test('redirect: "error" follows nothing', async () => {
  const paths: string[] = [];
  await using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request) => {
      paths.push(new URL(request.url).pathname);
      return new Response(null, { status: 307, headers: { location: '/elsewhere' } });
    },
  });
  const answer = fetch(`${server.url}here`, { method: 'POST', body: 'x', redirect: 'error' });
  const error: unknown = await answer.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'UnexpectedRedirect' });
  expect(paths).toEqual(['/here']);
});
