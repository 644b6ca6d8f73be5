/**
 * A commented spec to start from.
 *
 * @param schema where its JSON Schema is, seen from the spec; editors check and complete with it.
 */
export function initSpec(schema: string | null = null): string {
  return schema === null ? SPEC : `# yaml-language-server: $schema=${schema}\n${SPEC}`;
}

const SPEC = `# A fleet's resilience policy: what there is, who calls whom and how, and what must hold.
#
#   holdfast audit       checks it
#   holdfast simulate    rehearses it, with the code that production runs
#   holdfast compile     writes it as JSON, for the services to run

name: shop

# Named policies, in exactly the options of dependency(). Everything has a safe default.
policies:
  careful:
    protocol: http # brings the classifier; 5s for an attempt, 20s for a call
    timeout: 800ms
    deadline: 3s
    retry: { maxAttempts: 3, backoff: { base: 100ms, max: 1s }, budget: { ratio: 0.1 } }
    breaker: false # of a path's breakers the innermost is enough, next to what may fail
  once: # inside of a service that is itself retried: fail fast
    protocol: http
    timeout: 300ms
    deadline: 600ms
    retry: false

services:
  web:
    replicas: 2
    workers: 50 # requests that one replica works on at once
    serviceTime: 5ms # how long a worker is busy with one, its calls aside
    queue: { max: 100 } # beyond that, requests are refused
    calls: # for one received request, one after another
      - { to: checkout, policy: careful, idempotent: true }

  checkout:
    replicas: 2
    workers: 100
    serviceTime: { exponential: 10ms }
    calls:
      - together: # at once
          - { to: payments, policy: once, keyed: true } # sent with an idempotency key
          - { to: stock, policy: once, optional: true } # the answer is good without it

  stock:
    workers: 20
    serviceTime: { lognormal: 15ms, cv: 1 }

  payments:
    external: true # not ours
    workers: 5
    serviceTime: { exponential: 25ms }
    queue: { max: 2000 } # ten seconds of its work: longer than anybody waits
    idempotency: {} # remembers keys, and does nothing twice for one
    recoveryTime: 30s # as its owners state it

users:
  shoppers: { to: web, rate: 80, patience: 5s } # 80 requests a second, whatever the answers

scenarios:
  payments-slow:
    about: Payments takes twenty times as long for twenty seconds.
    duration: 8m
    warmUp: 20s # not measured
    faults:
      - { latency: payments, times: 20, from: 60s, for: 20s }
    expect:
      - amplification at payments <= 1.2
      - goodput at shoppers before >= 95%
      - recovers within 2m

# Findings of the audit that somebody has looked at, each with the reason:
accept:
  - { rule: no-fallback, at: 'checkout > stock', because: 'without it, the page says nothing of stock' }
`;
