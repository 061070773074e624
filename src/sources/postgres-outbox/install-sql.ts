import type { TableName } from "../../contract/captured.ts";
import { leadColumns } from "../../postgres/lead.ts";
import { identifier, literal } from "../../postgres/quote.ts";
import { catalogPath, equalText, forFunction, forTransaction } from "../../postgres/settings.ts";

export interface InstallSql {
  readonly schema: string;
  readonly tables: readonly TableName[];
  readonly readers: readonly string[];
  readonly publishers: readonly string[];
  readonly notify: boolean;
}

/** Serialises installations and removals by an advisory lock. The number is arbitrary. */
export const installLock = "select pg_catalog.pg_advisory_xact_lock(7221305409)";

/**
 * The statements that install the outbox, idempotent, to be run in one transaction.
 *
 * @param sql whose `schema` consists of letters, digits and `_`, so that it needs no escaping inside a quoted name.
 */
export function installSql({ schema, tables, readers, publishers, notify }: InstallSql): string {
  const own = identifier(schema);
  const parts = [
    `${installLock};\n${forTransaction(catalogPath)};`,
    schemaSql(schema, own),
    tablesSql(own),
    functionsSql(own, notify ? `perform pg_notify('${channelOf(schema)}', '');` : ""),
    ...(tables.length > 0 ? [triggersSql(own, tables)] : []),
    grantsSql(own, readers, publishers),
  ];
  return parts.join("\n\n");
}

/** The channel on which writers NOTIFY the reader. */
export function channelOf(schema: string): string {
  return `${schema}_outbox`;
}

/** Refuses a schema of another role, which could have put an outbox of its own there to read the changes. */
function schemaSql(schema: string, own: string): string {
  return `create schema if not exists ${own};
do $fanfare$
begin
  if not exists (
    select from pg_catalog.pg_namespace n join pg_catalog.pg_roles r on r.oid = n.nspowner
    where n.nspname = '${schema}' and (r.rolname = current_user or r.rolsuper)
  ) then
    raise exception 'the schema ${own} belongs to another role' using errcode = '42501';
  end if;
end
$fanfare$;`;
}

/**
 * `seq` is drawn while the writer holds the row's lock, so it orders the changes of a row; that needs a sequence with
 * `cache 1`. `xid` is the id that snapshots know: that of the top-level transaction, also inside a savepoint.
 */
function tablesSql(own: string): string {
  return `create table if not exists ${own}.outbox (
  seq bigint generated always as identity (cache 1) primary key,
  xid xid8 not null default pg_catalog.pg_current_xact_id(),
  at timestamptz not null default pg_catalog.clock_timestamp(),
  kind text not null,
  moved boolean not null default false,
  table_schema text,
  table_name text,
  before jsonb,
  after jsonb,
  topic text,
  payload jsonb,
  event text
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);
create index if not exists outbox_xid on ${own}.outbox (xid);
revoke all on ${own}.outbox from public;

create table if not exists ${own}.outbox_progress (
  the_only_row boolean primary key default true check (the_only_row),
  epoch text not null,
  identity text not null,
  number bigint not null,
  previous pg_snapshot not null,
  next pg_snapshot,
  page bigint not null
);
revoke all on ${own}.outbox_progress from public;

create table if not exists ${own}.outbox_lease (
  the_only_row boolean primary key default true check (the_only_row),
  ${leadColumns}
);
revoke all on ${own}.outbox_lease from public;
insert into ${own}.outbox_lease (token, expires) values (0, '-infinity') on conflict do nothing;`;
}

/**
 * A value's text depends on settings of the writer's connection, and a name's meaning on its search path, so each
 * function sets its own. `security definer` lets a writer's change into the outbox, to which the writer has no right.
 */
const settings = `${forFunction(catalogPath)}\n${forFunction(equalText)}`;

function functionsSql(own: string, wake: string): string {
  return `create or replace function ${own}.capture() returns trigger
language plpgsql security definer ${settings}
as $fanfare$
declare
  was jsonb;
  is_now jsonb;
  computed text;
  moves boolean := false;
begin
  if tg_op = 'UPDATE' and old *= new then
    return null;
  end if;
  if tg_op <> 'INSERT' then
    was := to_jsonb(old);
  end if;
  if tg_op <> 'DELETE' then
    is_now := to_jsonb(new);
  end if;
  if tg_argv[2] = 'virtual' then
    -- A trigger sees null in columns that are computed whenever they are read.
    select string_agg(pg_get_expr(d.adbin, d.adrelid) || ' as ' || quote_ident(a.attname), ', ') into computed
    from pg_attribute a join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = tg_relid and a.attgenerated = 'v' and not a.attisdropped;
    computed := 'select to_jsonb(t.*) from (select r.*, ' || computed || ' from (select ($1).*) r) t';
    if was is not null then
      execute computed into was using old;
    end if;
    if is_now is not null then
      execute computed into is_now using new;
    end if;
  end if;
  if tg_op = 'INSERT' then
    insert into ${own}.outbox (kind, table_schema, table_name, after)
    values ('CREATED', tg_argv[0], tg_argv[1], is_now);
  elsif tg_op = 'DELETE' then
    insert into ${own}.outbox (kind, table_schema, table_name, before)
    values ('DELETED', tg_argv[0], tg_argv[1], was);
  else
    for argument in 3 .. tg_nargs - 1 loop
      moves := moves or was -> tg_argv[argument] is distinct from is_now -> tg_argv[argument];
    end loop;
    if moves then
      insert into ${own}.outbox (kind, moved, table_schema, table_name, before)
      values ('DELETED', true, tg_argv[0], tg_argv[1], was);
      insert into ${own}.outbox (kind, moved, table_schema, table_name, after)
      values ('CREATED', true, tg_argv[0], tg_argv[1], is_now);
    else
      insert into ${own}.outbox (kind, table_schema, table_name, before, after)
      values ('UPDATED', tg_argv[0], tg_argv[1], was, is_now);
    end if;
  end if;
  ${wake}
  return null;
end
$fanfare$;
revoke all on function ${own}.capture() from public;

-- Captures each row as deleted. If the transaction's snapshot is older than its lock on the table, it may not see all
-- rows, and a single truncation is captured.
create or replace function ${own}.capture_truncate() returns trigger
language plpgsql security definer ${settings}
as $fanfare$
declare
  part regclass;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    insert into ${own}.outbox (kind, table_schema, table_name) values ('TRUNCATED', tg_argv[0], tg_argv[1]);
  else
    for part in
      select c.oid from pg_class c where c.oid = tg_relid and c.relkind = 'r'
      union all
      select p.relid from pg_partition_tree(tg_relid) p
      where p.isleaf and p.relid <> tg_relid and not exists (
        select from pg_trigger t where t.tgrelid = p.relid and t.tgname = 'fanfare_truncate'
      )
    loop
      execute format(
        'insert into ${own}.outbox (kind, table_schema, table_name, before)
         select ''DELETED'', $1, $2, to_jsonb(t.*) from only %s t', part
      ) using tg_argv[0], tg_argv[1];
    end loop;
  end if;
  ${wake}
  return null;
end
$fanfare$;
revoke all on function ${own}.capture_truncate() from public;

-- Publishes an event if and when the transaction commits.
create or replace function ${own}.publish(topic text, payload jsonb, event text default null) returns void
language plpgsql security definer ${forFunction(catalogPath)}
as $fanfare$
begin
  if $1 is null then
    raise exception 'publish: the topic is null' using errcode = '22004';
  end if;
  insert into ${own}.outbox (kind, topic, payload, event) values ('EVENT', $1, coalesce($2, 'null'), $3);
  ${wake}
end
$fanfare$;
revoke all on function ${own}.publish(text, jsonb, text) from public;

-- The identity of this database: it changes with a restore, and with a failover to a standby.
create or replace function ${own}.outbox_identity() returns text
language plpgsql ${forFunction(catalogPath)}
as $fanfare$
begin
  return (select system_identifier from pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8);
exception when insufficient_privilege then
  return left(pg_walfile_name(pg_current_wal_lsn()), 8);
end
$fanfare$;
revoke all on function ${own}.outbox_identity() from public;

insert into ${own}.outbox_progress (epoch, identity, number, previous, page)
values (left(replace(gen_random_uuid()::text, '-', ''), 12), ${own}.outbox_identity(), 1, pg_current_snapshot(), 0)
on conflict do nothing;`;
}

/**
 * The triggers' arguments name the table, so that rows of a partition are captured as rows of the partitioned table.
 * They are: schema, name, whether it has virtual columns, and the columns of the primary key.
 */
function triggersSql(own: string, tables: readonly TableName[]): string {
  const rows = tables.map(namesOf);
  return `do $fanfare$
declare
  wanted record;
  target record;
  relation oid;
  names text[];
begin
  for wanted in select * from (values ${rows.join(", ")}) as given (table_schema, table_name) loop
    select c.oid into relation from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = wanted.table_schema and c.relname = wanted.table_name and c.relkind in ('r', 'p');
    if not found then
      raise exception 'there is no table %.%', quote_ident(wanted.table_schema), quote_ident(wanted.table_name) using
        errcode = '42P01';
    end if;
    names := array[wanted.table_schema, wanted.table_name, case when exists (
      select from pg_catalog.pg_attribute a
      where a.attrelid = relation and a.attgenerated = 'v' and not a.attisdropped
    ) then 'virtual' else '' end] || array(
      select a.attname::text from pg_catalog.pg_index i
      cross join lateral unnest(i.indkey) with ordinality as k (number, position)
      join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number
      where i.indrelid = relation and i.indisprimary order by k.position
    );
    for target in
      select relation as id, 'fanfare_capture' as name, '${own}.capture' as function,
        'after insert or update or delete' as occasion, 'row' as each
      union all
      select id, 'fanfare_truncate', '${own}.capture_truncate', 'before truncate', 'statement'
      from (select relation as id union select p.relid from pg_catalog.pg_partition_tree(relation) p where p.isleaf) t
    loop
      continue when exists (
        select from pg_catalog.pg_trigger t
        where t.tgrelid = target.id and t.tgname = target.name and t.tgenabled = 'A'
        and t.tgfoid = (target.function || '()')::regprocedure
        and t.tgargs = (
          select string_agg(convert_to(n, current_setting('server_encoding')) || '\\x00'::bytea, '' order by position)
          from unnest(names) with ordinality as n (n, position)
        )
      );
      execute format(
        'create or replace trigger %s %s on %s for each %s execute function %s(%s)',
        target.name, target.occasion, target.id::regclass, target.each, target.function,
        (select string_agg(quote_literal(n), ', ' order by position) from unnest(names) with ordinality as n (n, position))
      );
      -- Also for rows that a subscription of logical replication writes.
      execute format('alter table %s enable always trigger %s', target.id::regclass, target.name);
    end loop;
  end loop;
end
$fanfare$;`;
}

/**
 * Both names as a row of literals. Dollar signs are escaped, since they could end the dollar-quoted block around it.
 */
export function namesOf({ schema, name }: TableName): string {
  return `(${literal(schema)},${literal(name)})`.replaceAll("$", "\\x24");
}

function grantsSql(own: string, readers: readonly string[], publishers: readonly string[]): string {
  const lines = [...new Set([...readers, ...publishers])].map(
    (role) => `grant usage on schema ${own} to ${identifier(role)};`,
  );
  for (const role of readers.map(identifier)) {
    lines.push(
      `grant select, update, delete on ${own}.outbox to ${role};`,
      `grant select, update on ${own}.outbox_progress, ${own}.outbox_lease to ${role};`,
      `grant execute on function ${own}.outbox_identity() to ${role};`,
    );
  }
  for (const role of publishers.map(identifier)) {
    lines.push(`grant execute on function ${own}.publish(text, jsonb, text) to ${role};`);
  }
  return lines.join("\n");
}

/**
 * The statements that remove the triggers of the tables or, without tables, the outbox with all triggers and
 * unpublished changes. They are idempotent.
 */
export function removalSql(schema: string, tables: readonly TableName[] | undefined): string {
  const head = `${installLock};\n${forTransaction(catalogPath)};`;
  return `${head}\n\n${tables ? triggersRemovalSql(tables) : outboxRemovalSql(schema, identifier(schema))}`;
}

function triggersRemovalSql(tables: readonly TableName[]): string {
  const rows = tables.map(namesOf);
  return `do $fanfare$
declare
  found record;
begin
  for found in
    select t.tgname, t.tgrelid::regclass as relation from pg_trigger t
    join (
      select c.oid as id from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where (n.nspname, c.relname) in (${rows.join(", ")})
    ) wanted on t.tgrelid = wanted.id or t.tgrelid in (select relid from pg_partition_tree(wanted.id))
    where t.tgname in ('fanfare_capture', 'fanfare_truncate') and t.tgparentid = 0
  loop
    execute format('drop trigger %I on %s', found.tgname, found.relation);
  end loop;
end
$fanfare$;`;
}

/** The schema stays if it contains anything else. */
function outboxRemovalSql(schema: string, own: string): string {
  return `do $fanfare$
begin
  if exists (select from pg_namespace where nspname = '${schema}') then
    drop function if exists ${own}.capture() cascade;
    drop function if exists ${own}.capture_truncate() cascade;
    drop function if exists ${own}.publish(text, jsonb, text);
    drop function if exists ${own}.outbox_identity();
    drop table if exists ${own}.outbox, ${own}.outbox_progress, ${own}.outbox_lease;
    begin
      drop schema ${own};
    exception when dependent_objects_still_exist then
      null;
    end;
  end if;
end
$fanfare$;`;
}
