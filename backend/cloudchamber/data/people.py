"""People: who labels."""

import datetime as dt

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data.base import Base, UtcDateTime, now
from cloudchamber.data.upsert import insert_or_ignore
from cloudchamber.errors import Invalid

NAME_LENGTH = 100


class Person(Base):
    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now)


def clean_name(name: str) -> str:
    """`name` without surrounding blanks; Invalid when empty, too long or with control signs."""
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise Invalid(f"A name has 1 to {NAME_LENGTH} printable characters.")
    return name


def person_named(session: Session, name: str) -> Person:
    """The person called `name`, made now if new; needs a write session only when new."""
    name = clean_name(name)
    person = find_person(session, name)
    if person is None:
        insert_or_ignore(session, Person, [{"name": name, "created_at": now()}])
        person = session.scalars(select(Person).where(Person.name == name)).one()
    return person


def find_person(session: Session, name: str) -> Person | None:
    """The person called `name`, or None."""
    return session.scalars(select(Person).where(Person.name == name)).one_or_none()


def list_people(session: Session) -> list[Person]:
    """Everybody who is known, oldest first."""
    return list(session.scalars(select(Person).order_by(Person.id)))
