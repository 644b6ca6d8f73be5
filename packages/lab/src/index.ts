// A fleet
export { fleetOf, SpecError } from './spec/fleet.ts';
export { loadFleet, type LoadedFleet } from './spec/load.ts';
export type { Fleet, Place, SpecPath } from './spec/model.ts';
export type { SpecProblem } from './spec/problems.ts';
export type { SpecData } from './spec/tables.ts';

// What becomes of it
export { simulate, type RunOptions } from './simulate/simulate.ts';
export type {
  EdgeFigures,
  EdgeResult,
  JudgedExpectation,
  LeastTimes,
  Phase,
  RunResult,
  ServiceFigures,
  ServiceResult,
  UserFigures,
  UsersResult,
  Verdict,
} from './simulate/result.ts';
export type { Trigger } from './simulate/trigger.ts';

// Servers and clients of one's own
export type {
  CustomAnswer,
  CustomClient,
  CustomServer,
  IncomingRequest,
  Surroundings,
  User,
} from './simulate/custom.ts';

// What is wrong with it
export { audit, type AuditOptions, type AuditReport } from './audit/audit.ts';
export type { Finding, Severity } from './audit/finding.ts';
