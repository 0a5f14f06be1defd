-- The least that holds what a gift is: wallets that never fall below zero, causes, gifts, and a history of both.
create table wallets (id int primary key, balance bigint not null check (balance >= 0));
create table causes (id int primary key, total bigint not null default 0, gifts bigint not null default 0);
create table donations (
    id bigserial primary key, wallet int not null, cause int not null, amount bigint not null,
    at timestamptz not null default now()
);
create table history (
    id bigserial primary key, donation bigint not null, account text not null, delta bigint not null,
    at timestamptz not null default now()
);
insert into wallets select number, 10000000 from generate_series(1, :wallets) number;
insert into causes (id) select number from generate_series(1, :causes) number;
create function donate(giver int, receiver int, given bigint) returns bigint language plpgsql as $$
declare
    made bigint;
begin
    update wallets set balance = balance - given where id = giver and balance >= given;
    if not found then
        return null;
    end if;
    insert into donations (wallet, cause, amount) values (giver, receiver, given) returning id into made;
    insert into history (donation, account, delta) values (made, 'w' || giver, -given), (made, 'c' || receiver, given);
    -- Last, so that nobody waits for this row longer than he must.
    update causes set total = total + given, gifts = gifts + 1 where id = receiver;
    return made;
end
$$;
vacuum analyze;
