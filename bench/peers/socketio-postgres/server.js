// The chat of ../socketio with every message stored before it is acknowledged and passed on.
//
// Messages that arrive while an insert is under way go into the next one together: one statement,
// one transaction and one flush of the log for many. A couple always uses the same lane, and a lane
// has one insert under way, so that a couple's messages keep their order.
// One lane is the cheapest: 66 us of the server's CPU a message at window 1 and 27 at window 16, where
// two took 74 and 33, four 90 and 31, all with two processes on two busy cores.
'use strict';
const http = require('node:http');
const { Pool } = require('pg');
const { Server } = require('socket.io');

const LANES = Number(process.env.LANES || 1);
const INSERT = {
  name: 'insert-messages',
  text: 'insert into message (couple, sender, body)'
    + ' select * from unnest($1::bigint[], $2::smallint[], $3::text[])',
};

const pool = new Pool({ max: LANES });

class Lane {
  waiting = [];
  busy = false;

  add(message) {
    this.waiting.push(message);
    if (!this.busy) {
      this.busy = true;
      setImmediate(() => this.insert()); // with all else that arrived in this turn
    }
  }

  async insert() {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      let error;
      try {
        await pool.query({ ...INSERT, values: [
          batch.map((m) => m.couple), batch.map((m) => m.sender), batch.map((m) => m.text)] });
      } catch (e) {
        error = e;
        console.error(e.message);
      }
      for (const message of batch) {
        if (error) {
          message.acknowledge('not stored');
        } else {
          message.socket.to(message.room).emit('message', message.text);
          message.acknowledge();
        }
      }
    }
    this.busy = false;
  }
}

const lanes = Array.from({ length: LANES }, () => new Lane());
const server = http.createServer();
const io = new Server(server, {
  transports: ['websocket'], // no long polling, no upgrade
  serveClient: false,
  perMessageDeflate: false,
});
// As the manual's chapter on memory has it: the first HTTP request need not be kept.
io.engine.on('connection', (raw) => { raw.request = null; });

io.on('connection', (socket) => {
  const { run, couple, side } = socket.handshake.auth;
  const room = `${run}/${couple}`;
  const lane = lanes[(couple >> 1) % LANES];
  socket.join(room);
  socket.on('message', (text, acknowledge) => {
    lane.add({ socket, room, couple, sender: side, text, acknowledge });
  });
});

server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
