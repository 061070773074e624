export const help = `fanfare: GraphQL subscriptions to what is committed to a database

  fanfare install --table <name> [--table <name> …] [options]
  fanfare uninstall [--table <name> …] [options]

install sets a PostgreSQL database up so that Fanfare hears of every change of these tables. It prints its SQL, asks,
and runs it in one transaction; it may be run again, with more tables. uninstall undoes that; of an outbox, for the
tables that are named, or else for all, with what was not published yet.

  -t, --table <name>        cars, public.cars, or "a.b"."c d"; spelled as in the database
      --database-url <url>  where to run it; by default what DATABASE_URL says
      --source <which>      outbox (triggers; the default) or replication (the write-ahead log)
      --schema <name>       for Fanfare's own tables and functions; fanfare by default
      --print               prints the SQL and does nothing; needs no database
  -y, --yes                 does not ask

With the source outbox:
      --reader <role>       may run the server, besides the role that installs; may be given again
      --publisher <role>    may publish events in its transactions; may be given again
      --notify              each commit wakes the server; for low rates of writes only

With the source replication:
      --publication <name>  fanfare by default
      --slot <name>         to remove, when uninstalling; fanfare by default; may be given again

  -h, --help                this text
  -v, --version             the version

It ends with 0 when all is done, with 1 when it could not be done or was declined, and with 2 for a command line that
it does not understand. Running it needs the package pg.
`;
