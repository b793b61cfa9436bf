create table message (
    couple  bigint   not null,
    id      bigint   generated always as identity,
    sender  smallint not null,
    sent_at timestamptz not null default now(),
    body    text     not null,
    primary key (couple, id)
);
