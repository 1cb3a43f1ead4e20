// Our TypeScript helper following a subscription: each event's cursor on a line, until its input ends.
import { WebSocket } from 'ws';
import { Medkabinet } from '../../clients/typescript/dist/index.js';

const [url, streams, query, after, token, reloads, dwells] = process.argv.slice(2);
const account = new Medkabinet({
  url,
  streams,
  webSocket: WebSocket,
  credentials: () => ({ token }),
  waits: { first: 50, longest: 1000 },
});
const print = (line) => process.stdout.write(`${line}\n`);
const go = new Promise((resolve) => process.stdin.once('data', resolve));
process.stdin.on('end', () => process.exit(0)).resume();
const reload = async () => {
  const { data } = await account.ask({ query: '{ asOf }' });
  print('reloaded');
  return data.asOf;
};
try {
  const following = { after: after || undefined, ...(reloads && { reload }) };
  let first = true;
  for await (const { cursor } of account.follow({ query }, following)) {
    if (dwells && first) await go;
    first = false;
    print(cursor);
  }
} catch (reason) {
  print(`${reason.name} ${reason.code ?? reason.message}`);
}
