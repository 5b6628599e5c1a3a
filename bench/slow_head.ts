/** A server that takes 20 s for `/0`, and no time for the rest; its argument is the port. */
const response = (): Response => new Response("Hello, World!");
Deno.serve(
  { hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen: () => {} },
  (request) =>
    request.url.endsWith("/0")
      ? new Promise((resolve) => setTimeout(() => resolve(response()), 20_000))
      : response(),
);
