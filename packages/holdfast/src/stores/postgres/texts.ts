/** `postgres/migrations/*.sql` as code, so that bundles have them: `npm run reference` writes it. */
export const texts: {
  readonly '0001-records.sql': string;
} = {
  '0001-records.sql': `-- The records of idempotency, and the questions asked of them that must be one round trip.
-- \`migrate\` runs this with the name of the chosen table in place of \`holdfast_idempotency\`.

create table holdfast_idempotency (
  id text collate "C" primary key,
  fingerprint text collate "C" not null,
  -- Whoever has the key; null once it is completed.
  token text collate "C",
  -- Whoever was granted to reconcile it; null as long as nobody was.
  reconciler text collate "C",
  attempt integer not null default 1,
  lease_until timestamptz,
  expires_at timestamptz not null,
  -- The recovery points, in the order in which they were first kept; null for none.
  point_names text[],
  point_values text[],
  -- Null until it is completed.
  result text
);

-- For reaping alone. Completing a record moves it in here, which costs less than it would to scan for what has expired.
create index on holdfast_idempotency (expires_at);

-- How a record stands for somebody who does not own it: a claim as JSON, null if its lease is over. Without a fingerprint,
-- which is null then, nothing is compared.
create function holdfast_idempotency_standing(
  record holdfast_idempotency,
  asked_fingerprint text,
  at timestamptz
) returns text language sql immutable as $$
  select case
    when record.fingerprint <> asked_fingerprint then '{"kind":"mismatch"}'
    when record.token is null then json_build_object(
      'kind', 'completed',
      'result', record.result,
      'expiresIn', ceil(extract(epoch from record.expires_at - at) * 1000)
    )::text
    when record.lease_until > at then json_build_object(
      'kind', 'in-progress',
      'leaseLeft', ceil(extract(epoch from record.lease_until - at) * 1000)
    )::text
  end
$$;

-- Takes a key if it may be had, else says how it stands: a claim as JSON.
--
-- Every statement in here sees what has been committed when it begins (READ COMMITTED), and what it
-- changes it changes only if that is still so. If another was faster, the next turn sees what they did.
create function holdfast_idempotency_claim(
  asked_id text,
  asked_token text,
  asked_fingerprint text,
  lease double precision,
  retention double precision,
  if_expired text
) returns text language plpgsql as $$
declare
  found_record holdfast_idempotency%rowtype;
  at timestamptz;
  is_owner boolean;
  standing text;
begin
  for turn in 1..1000 loop
    -- Read before anything waits: a lease is never thought to have run out that has not.
    at := clock_timestamp();

    if asked_fingerprint is not null then
      insert into holdfast_idempotency (id, fingerprint, token, lease_until, expires_at)
      values (
        asked_id,
        asked_fingerprint,
        asked_token,
        at + lease * interval '1 millisecond',
        at + retention * interval '1 millisecond'
      )
      on conflict (id) do nothing;
      if found then
        return '{"kind":"claimed","attempt":1,"points":[]}';
      end if;
    end if;

    -- Most repeats end here, and have written nothing.
    select * into found_record from holdfast_idempotency where id = asked_id;
    if asked_fingerprint is null and (not found or found_record.expires_at <= at) then
      return '{"kind":"absent"}';
    end if;
    continue when not found;
    if found_record.expires_at <= at then
      delete from holdfast_idempotency where id = asked_id and expires_at <= at;
      continue;
    end if;
    is_owner := found_record.token is not distinct from asked_token;
    if not is_owner then
      standing := holdfast_idempotency_standing(found_record, asked_fingerprint, at);
      if standing is not null then
        return standing;
      end if;
      if if_expired = 'refuse' or (if_expired = 'reconcile' and found_record.reconciler is not null) then
        return '{"kind":"unknown"}';
      end if;
    end if;

    update holdfast_idempotency
    set
      token = asked_token,
      reconciler = case
        when if_expired = 'reconcile' and not is_owner then asked_token
        else reconciler
      end,
      attempt = case
        when if_expired = 'takeover' and not is_owner then attempt + 1
        else attempt
      end,
      lease_until = at + lease * interval '1 millisecond',
      expires_at = at + retention * interval '1 millisecond'
    where id = asked_id and token = found_record.token and (is_owner or lease_until <= at)
    returning * into found_record;
    continue when not found;
    return json_build_object(
      'kind', case when found_record.reconciler = asked_token then 'reconcile' else 'claimed' end,
      'attempt', found_record.attempt,
      'points', coalesce(
        (
          select json_agg(json_build_object('name', name, 'value', value) order by place)
          from unnest(found_record.point_names, found_record.point_values)
            with ordinality as points (name, value, place)
        ),
        '[]'
      )
    );
  end loop;
  raise exception 'others change this record all the time' using errcode = 'serialization_failure';
end
$$;

-- Whether the transaction that has a key does the work that is asked for; null if none is seen to do any. Both of its
-- locks are read in one look: they are neither taken nor given up at one moment.
create function holdfast_idempotency_same_work(key_lock bigint, work_lock integer)
returns boolean language plpgsql as $$
begin
  return (
    select bool_or(is_of_work and objid = work_lock::oid)
    from (
      select pid, objid,
        objsubid = 2 and classid = 'holdfast_idempotency'::regclass as is_of_work,
        objsubid = 1
          and classid = ((key_lock >> 32) & 4294967295)::oid
          and objid = (key_lock & 4294967295)::oid as is_of_key
      from pg_locks
      where locktype = 'advisory' and granted
        and database = (select oid from pg_database where datname = current_database())
    ) as locks
    group by pid
    having bool_or(is_of_key) and bool_or(is_of_work)
  );
end
$$;

-- Takes a key for as long as the transaction lasts, in memory: null if it may be had, else a claim as JSON.
create function holdfast_idempotency_lock(
  asked_id text,
  asked_token text,
  asked_fingerprint text,
  max_duration double precision
) returns text language plpgsql as $$
declare
  found_record holdfast_idempotency%rowtype;
  at timestamptz;
  limited text;
  given_limit double precision;
  key_lock bigint := hashtextextended(asked_id, 'holdfast_idempotency'::regclass::bigint);
  work_lock integer := hashtext(asked_id || asked_fingerprint);
  has_key boolean;
  is_same_work boolean;
begin
  for turn in 1..100 loop
    has_key := pg_try_advisory_xact_lock(key_lock);
    -- Sees what the last one to have the lock has committed, since it begins after that.
    at := clock_timestamp();
    select * into found_record from holdfast_idempotency where id = asked_id and expires_at > at;
    if found then
      return coalesce(
        holdfast_idempotency_standing(found_record, asked_fingerprint, at),
        '{"kind":"unknown"}'
      );
    end if;
    exit when has_key;
    is_same_work := holdfast_idempotency_same_work(key_lock, work_lock);
    if not is_same_work then
      return '{"kind":"mismatch"}';
    end if;
    exit when is_same_work;
    -- Whoever has the key begins or ends right now: a later turn sees what they do, or did.
    perform pg_sleep(0.001);
  end loop;
  if not has_key then
    -- It ends when it ends: nobody knows when, so ask again in a second.
    return '{"kind":"in-progress","leaseLeft":1000}';
  end if;
  -- Nobody else sees a record before the commit. By this they see what the key was taken for, and that it was.
  perform pg_try_advisory_xact_lock_shared('holdfast_idempotency'::regclass::integer, work_lock);
  -- By this the transaction is known until it ends.
  perform set_config('holdfast.transaction', asked_token, true);
  -- Against an owner who falls silent, and a statement that never ends, which the owner could not stop.
  foreach limited in array array['idle_in_transaction_session_timeout', 'statement_timeout'] loop
    given_limit := extract(epoch from current_setting(limited)::interval) * 1000;
    if given_limit = 0 or given_limit > max_duration then
      perform set_config(limited, least(ceil(max_duration), 2147483647)::text, true);
    end if;
  end loop;
  return null;
end
$$;
`,
};
