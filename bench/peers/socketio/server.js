// A chat in rooms, one per couple: an event is passed to the others in the room and acknowledged.
'use strict';
const http = require('node:http');
const { Server } = require('socket.io');

const server = http.createServer();
const io = new Server(server, {
  transports: ['websocket'], // no long polling, no upgrade
  serveClient: false,
  perMessageDeflate: false,
});
// As the manual's chapter on memory has it: the first HTTP request need not be kept.
io.engine.on('connection', (raw) => { raw.request = null; });

io.on('connection', (socket) => {
  const { run, couple } = socket.handshake.auth;
  const room = `${run}/${couple}`;
  socket.join(room);
  socket.on('message', (text, acknowledge) => {
    socket.to(room).emit('message', text);
    acknowledge();
  });
});

server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
