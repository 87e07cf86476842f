"""The test servers are real: a statement and a command reach them."""

import redis
from sqlalchemy import create_engine, make_url, text


def test_a_fresh_database_has_no_tables(database_url: str) -> None:
    import pysqlite3

    url = make_url(database_url)
    options = {"module": pysqlite3} if url.get_backend_name() == "sqlite" else {}
    engine = create_engine(url, **options)
    catalogue = (
        "select count(*) from sqlite_master"
        if url.get_backend_name() == "sqlite"
        else "select count(*) from pg_tables where schemaname = 'public'"
    )
    with engine.connect() as connection:
        assert connection.scalar(text(catalogue)) == 0
    engine.dispose()


def test_the_broker_speaks_the_redis_protocol(valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url.replace("redis+socket", "unix")) as connection:
        connection.rpush("list", "a")
        assert connection.lrange("list", 0, -1) == [b"a"]
