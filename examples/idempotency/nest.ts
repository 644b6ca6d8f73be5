/**
 * A POST of NestJS that happens once for each key. Run it: `node examples/idempotency/nest.ts`. Compiled by TypeScript
 * or SWC, as Nest's own tools do, it reads like this; Node itself cannot run decorators, so they are applied below.
 *
 * ```ts
 * @Controller()
 * class ShopController {
 *   @Post('charge')
 *   @Idempotent({ required: true })
 *   charge(@Body() order: Order) {
 *     return charge(order);
 *   }
 * }
 *
 * @Module({
 *   imports: [HoldfastModule.forRoot({ idempotency: { store: sqliteStore('charges.db') } })],
 *   controllers: [ShopController],
 * })
 * class AppModule {}
 * ```
 */
import type { AddressInfo } from 'node:net';
import { Body, Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HoldfastModule, Idempotent } from 'holdfast/nest';
import { sqliteStore } from 'holdfast/sqlite';
import { askTwice, charge, database, type Order, type Receipt } from './shop.ts';

class ShopController {
  charge(order: Order): Promise<Receipt> {
    return charge(order);
  }
}
const method = Object.getOwnPropertyDescriptor(ShopController.prototype, 'charge')!;
Body()(ShopController.prototype, 'charge', 0);
Post('charge')(ShopController.prototype, 'charge', method);
Idempotent({ required: true })(ShopController.prototype, 'charge', method);
Controller()(ShopController);

// oxlint-disable-next-line typescript/no-extraneous-class -- Nest knows a module by its class.
class AppModule {}
Module({
  imports: [HoldfastModule.forRoot({ idempotency: { store: sqliteStore(database) } })],
  controllers: [ShopController],
})(AppModule);

// On Fastify only this line differs: `NestFactory.create(AppModule, new FastifyAdapter(), ...)`.
const app = await NestFactory.create(AppModule, { logger: false, forceCloseConnections: true });
await app.listen(0, '127.0.0.1');
await askTwice((app.getHttpServer().address() as AddressInfo).port);
await app.close();
