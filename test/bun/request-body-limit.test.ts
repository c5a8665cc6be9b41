import { expect, test } from 'bun:test';

test('a body beyond maxRequestBodySize is refused with 413, announced or not', async () => {
  let heard = 0;
  await using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    maxRequestBodySize: 1000,
    fetch: async (request) => {
      const { byteLength } = await request.arrayBuffer();
      heard += 1;
      return new Response(String(byteLength));
    },
  });
  const post = (body: BodyInit) => fetch(server.url, { method: 'POST', body });
  expect(await (await post(new Uint8Array(1000))).text()).toBe('1000');
  const announced = await post(new Uint8Array(1001));
  expect([announced.status, await announced.text()]).toEqual([413, '']);
  const pieces = new ReadableStream({
    start: (controller) => {
      for (let i = 0; i < 3; i += 1) controller.enqueue(new Uint8Array(500));
      controller.close();
    },
  });
  expect((await post(pieces)).status).toBe(413);
  expect(heard).toBe(1);
});
