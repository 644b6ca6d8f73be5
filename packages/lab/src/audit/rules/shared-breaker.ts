import { callsOf } from '../../spec/edges.ts';
import type { Service } from '../../spec/model.ts';
import { eachDependency, namesOf, type Rule } from './rule.ts';

export const sharedBreaker: Rule = {
  id: 'shared-breaker',
  severity: 'warning',
  looksFor: 'One breaker in front of a service that forwards each request to one of several others',
  why: 'The breaker cannot tell which of the services behind has failed. When one is down, it opens and refuses calls to the healthy ones too; or it never opens, because the answers of the others dilute the failures.',
  check: eachDependency((edges, { fleet }) => {
    const [{ to, policy }] = edges;
    if (policy.breaker === null) return null;
    const upstreams = upstreamsOf(fleet.services.get(to));
    if (upstreams.length < 2) return null;
    return {
      options: ['breaker'],
      message: `${namesOf(edges)}: one breaker guards all calls, but ${to} forwards each of them to one of ${upstreams.join(' and ')}`,
      fix: `Set \`breaker: false\` here and leave the breakers to ${to}, which has one for each of them; or use one dependency for each (\`keyed\`).`,
      value: upstreams.length,
    };
  }),
};

/** The services to one of which a request is passed on: all calls are needed, each now and then, together at most once. */
export function upstreamsOf(service: Service | undefined): readonly string[] {
  const calls = service === undefined ? [] : callsOf(service);
  const routes = calls.filter(({ times, optional }) => times < 1 && !optional);
  const share = routes.reduce((all, { times }) => all + times, 0);
  return Math.abs(share - 1) < 0.01 ? [...new Set(routes.map((edge) => edge.to))] : [];
}
