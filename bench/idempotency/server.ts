/**
 * One server in a process of its own: `node server.ts <route> <redis port>`; tells its port, and the microseconds of
 * CPU that it has used whenever it is asked.
 */
import { routes } from './routes.ts';

const [name = '', redisPort = '0'] = process.argv.slice(2);
process.once('disconnect', () => process.exit());
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send!(user + system);
});
process.send!(await routes[name]!(Number(redisPort)));
