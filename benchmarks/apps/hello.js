// Node's server, for PM2's cluster mode: PORT. Answers with its process id.
const server = require('http').createServer((request, response) => {
  const body = String(process.pid);
  response.writeHead(200, { 'Content-Length': body.length });
  response.end(body);
});
server.listen(Number(process.argv[2]), '127.0.0.1');
process.on('SIGINT', () => server.close(() => process.exit(0)));
