%% The shapes of bench/actor_kind.c among Erlang processes, for comparison.
%%
%% A message is {Tag, Body}: its body is a binary of 64 bytes, which lives on the receiver's heap,
%% so that it is copied as duet copies it. Each
%% process counts in its own slot of an array.
%%
%%   erl -noshell -run actor_bench main SHAPE ACTORS WARMUP_MS MEASURE_MS
%% prints one line: SHAPE MESSAGES MICROSECONDS
-module(actor_bench).
-export([main/1]).

-define(BURST, 16).
-define(FLOOD, 4000).

main(["flood", Actors | _]) ->
    Count = list_to_integer(Actors),
    Began = erlang:monotonic_time(microsecond),
    flood(Count),
    Ended = erlang:monotonic_time(microsecond),
    io:format("flood ~b ~b~n", [Count * ?FLOOD, Ended - Began]),
    halt(0, [{flush, true}]);
main([Shape, Actors, Warmup, Measure]) ->
    Count = list_to_integer(Actors),
    Counters = counters:new(Count, [write_concurrency]),
    start(list_to_atom(Shape), Count, Counters),
    timer:sleep(list_to_integer(Warmup)),
    {Before, Began} = sample(Counters, Count),
    timer:sleep(list_to_integer(Measure)),
    {After, Ended} = sample(Counters, Count),
    io:format("~s ~b ~b~n", [Shape, After - Before, Ended - Began]),
    halt(0, [{flush, true}]).

sample(Counters, Count) ->
    Sum = lists:sum([counters:get(Counters, I) || I <- lists:seq(1, Count)]),
    {Sum, erlang:monotonic_time(microsecond)}.

body() -> binary:copy(<<"duet">>, 16).

%% Every process passes what it gets to the next one; one message each is under way.
start(ring, Count, Counters) ->
    Pids = [spawn(fun() -> hop_begin(Counters, I) end) || I <- lists:seq(1, Count)],
    [First | Rest] = Pids,
    link_up(Pids, Rest ++ [First]),
    [Pid ! {hop, body()} || Pid <- Pids];
%% Half of the processes ask, each one another of its own, and ask again when it has answered.
start(ask, Count, Counters) ->
    [begin
         Answerer = spawn(fun answer/0),
         Asker = spawn(fun() -> ask(Answerer, Counters, I) end),
         Asker ! {answer, body()}
     end || I <- lists:seq(1, Count div 2)];
%% Everyone sends to one, a burst for every credit.
start(fan_in, Count, Counters) ->
    Receiver = spawn_opt(fun() -> receiver(Counters) end, [{message_queue_data, off_heap}]),
    Senders = [spawn(fun() -> sender(Receiver) end) || _ <- lists:seq(1, Count)],
    [Pid ! go || Pid <- Senders].

link_up([Pid | Pids], [Next | Nexts]) ->
    Pid ! {next, Next},
    link_up(Pids, Nexts);
link_up([], []) ->
    ok.

hop_begin(Counters, I) ->
    receive {next, Next} -> hop(Next, Counters, I) end.

hop(Next, Counters, I) ->
    receive
        {hop, Body} ->
            counters:add(Counters, I, 1),
            Next ! {hop, Body},
            hop(Next, Counters, I)
    end.

ask(Answerer, Counters, I) ->
    receive
        {answer, Body} ->
            counters:add(Counters, I, 1),
            Answerer ! {ask, self(), Body},
            ask(Answerer, Counters, I)
    end.

answer() ->
    receive
        {ask, From, Body} ->
            From ! {answer, Body},
            answer()
    end.

receiver(Counters) ->
    receive
        {data, _Body} ->
            counters:add(Counters, 1, 1),
            receiver(Counters);
        {data, From, _Body} ->
            counters:add(Counters, 1, 1),
            From ! go,
            receiver(Counters)
    end.

sender(Receiver) ->
    receive
        go ->
            burst(Receiver, body(), ?BURST),
            sender(Receiver)
    end.

burst(Receiver, Body, 1) ->
    Receiver ! {data, self(), Body};
burst(Receiver, Body, N) ->
    Receiver ! {data, Body},
    burst(Receiver, Body, N - 1).

%% Everyone sends a lot to one without asking whether it keeps up; until the last one is taken.
flood(Count) ->
    Receiver = self(),
    [spawn(fun() -> flooder(Receiver, body(), ?FLOOD) end) || _ <- lists:seq(1, Count)],
    flooded(Count * ?FLOOD).

flooder(_Receiver, _Body, 0) ->
    ok;
flooder(Receiver, Body, N) ->
    Receiver ! {data, Body},
    flooder(Receiver, Body, N - 1).

flooded(0) ->
    ok;
flooded(N) ->
    receive {data, _Body} -> flooded(N - 1) end.
