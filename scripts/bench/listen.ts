/** The baseline of a start: a process that listens, and says so. */
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(JSON.stringify({ event: "ready", address: `127.0.0.1:${listener.addr.port}` }));
for await (const conn of listener) conn.close();
