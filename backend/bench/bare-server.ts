/** Answers every request with the bytes that it read from its standard input: the least that a Node server can do. */
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

const bytes = await buffer(process.stdin);
createServer((request, response) => {
  request.resume().on('end', () => {
    response
      .writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length })
      .end(bytes);
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
