/** One server in a process of its own: `node server.ts <route> <redis port>`; tells its port. */
import { routes } from './routes.ts';

const [name = '', redisPort = '0'] = process.argv.slice(2);
process.once('disconnect', () => process.exit());
process.send!(await routes[name]!(Number(redisPort)));
