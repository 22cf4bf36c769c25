#!/usr/bin/env python3
"""Uses every endpoint of an offline model through the official `openai` package, and judges what comes back.

    openai_endpoints.py BASE_URL QUESTION.wav

QUESTION.wav is 16-bit mono at 24 kHz: somebody asks for an appointment tomorrow. The server plays the dental practice
on 2026-11-30; what goes wrong for which key is said in OpenAIEndpointTests.swift. Prints one JSON object with the names
of the checks and what was wrong; exit code 0 only if nothing was.
"""

import asyncio
import base64
import functools
import io
import json
import sys
import time
import traceback
import typing
import wave

import openai
from openai import AsyncOpenAI, OpenAI
from openai.types.audio import (
    Transcription,
    TranscriptionStreamEvent,
    TranscriptionVerbose,
)
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.live.server_event import ServerEvent
from openai.types.realtime import RealtimeServerEvent
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter, ValidationError

BASE_URL, QUESTION = sys.argv[1], sys.argv[2]
WORDS = "can i come tomorrow instead"
UNICODE = "Grüße, Zoë – 東京 🙂 und so weiter, bis zum Ende des Satzes."
CHAT_TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": "A function of the practice.",
            "parameters": {"type": "object", "properties": {"date": {"type": "string"}}},
        },
    }
    for name in ("look_up_availability", "confirm_appointment", "end_call")
]
TOOLS = [{"type": "function", "strict": False, **tool["function"]} for tool in CHAT_TOOLS]
# Members that the live service sends and the package's types do not name.
KNOWN_EXTRAS = {"obfuscation", "name", "task", "store", "session.object", "session.id", "session.expires_at"}
complaints = []
done = []


def check(condition, message):
    if not condition:
        complaints.append(f"{done[-1] if done else '?'}: {message}")


def extras(model, path=""):
    """Paths of members that the package's types do not name."""
    found = []
    if isinstance(model, BaseModel):
        found += [path + name for name in model.model_extra or {}]
        for name in type(model).model_fields:
            found += extras(getattr(model, name), path + name + ".")
    elif isinstance(model, list):
        for element in model:
            found += extras(element, path)
    return found


@functools.cache
def adapter(kind):
    return TypeAdapter(kind)


def validate(kind, value):
    """Holds a JSON value against the package's type of it: nothing missing, nothing strange."""
    try:
        parsed = adapter(kind).validate_python(value)
    except ValidationError as error:
        check(False, str(error)[:400])
        return None
    for path in extras(parsed):
        known = path in KNOWN_EXTRAS or path.split(".")[-1] in KNOWN_EXTRAS
        check(known, f"member {path} of {value.get('type', 'it')} is in no type")
    return parsed


def fails(kind, body, code=None, param=None):
    """Whether `body` raises an error of a kind, with code and parameter."""
    try:
        body()
    except kind as error:
        for name, wanted in (("code", code), ("param", param)):
            found = getattr(error, name, None)
            check(wanted is None or found == wanted, f"{name} is {found}, not {wanted}")
        return error
    except Exception as error:
        check(False, f"{type(error).__name__} instead of {kind.__name__}: {error}")
        return error
    check(False, f"no {kind.__name__}")


def client(key="sk-test", **options):
    return OpenAI(base_url=BASE_URL, api_key=key, **options)


def ask(text, key="sk-test", **options):
    messages = [{"role": "user", "content": text}]
    return client(key, **options).chat.completions.create(model="gpt-4o-mini", messages=messages)


def models():
    names = [model.id for model in client().models.list()]
    check({"gpt-realtime", "gpt-4o-mini", "whisper-1", "gpt-4o-mini-tts", "gpt-live-1"} <= set(names), names)
    check(client().models.retrieve("gpt-live-1").id == "gpt-live-1", "retrieve")
    fails(openai.NotFoundError, lambda: client().models.retrieve("gpt-2"), "model_not_found")


def errors():
    fails(openai.AuthenticationError, lambda: ask("hello", "sk-bad"), "invalid_api_key")
    create = client().chat.completions.create
    hello = [{"role": "user", "content": "hello"}]
    fails(openai.NotFoundError, lambda: create(model="gpt-2", messages=hello), "model_not_found")
    fails(
        openai.BadRequestError,
        lambda: create(model="gpt-4o", messages=hello, extra_body={"colour": "red"}),
        "unknown_parameter",
        "colour",
    )
    fails(openai.BadRequestError, lambda: create(model="gpt-4o", messages=[]), "empty_array", "messages")


def chat():
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": WORDS}]
    create = client().chat.completions.with_raw_response.create
    raw = create(model="gpt-4o-mini", messages=messages, tools=CHAT_TOOLS)
    check(raw.headers["x-request-id"].startswith("req_"), "no x-request-id")
    completion = validate(ChatCompletion, json.loads(raw.text))
    call = completion.choices[0].message.tool_calls[0]
    check(json.loads(call.function.arguments) == {"date": "2026-12-01"}, call.function.arguments)
    check(completion.choices[0].finish_reason == "tool_calls", completion.choices[0].finish_reason)

    # The same, streamed, put together by the package.
    with client().chat.completions.stream(
        model="gpt-4o-mini", messages=messages, tools=CHAT_TOOLS, stream_options={"include_usage": True}
    ) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    check({"chunk", "tool_calls.function.arguments.delta", "tool_calls.function.arguments.done"} <= kinds, kinds)
    message = final.choices[0].message
    check(message.tool_calls[0].function.name == "look_up_availability", message)
    check(final.usage.completion_tokens > 0, final.usage)

    # The call's result, and a spoken answer; each chunk is of the package's type.
    messages += [
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": message.tool_calls[0].id,
                    "type": "function",
                    "function": {
                        "name": message.tool_calls[0].function.name,
                        "arguments": message.tool_calls[0].function.arguments,
                    },
                }
            ],
        },
        {
            "role": "tool",
            "tool_call_id": message.tool_calls[0].id,
            "content": '{"available_times":["1pm","2pm","3pm"]}',
        },
    ]
    text = ""
    with client().chat.completions.with_streaming_response.create(
        model="gpt-4o-mini", messages=messages, tools=CHAT_TOOLS, stream=True
    ) as response:
        lines = [line for line in response.iter_lines() if line]
    check(lines[-1] == "data: [DONE]", lines[-1])
    for line in lines[:-1]:
        chunk = validate(ChatCompletionChunk, json.loads(line.removeprefix("data: ")))
        text += chunk.choices[0].delta.content or ""
    check("3 pm" in text, text)
    # The persona knows where the conversation was, though nothing but the messages says so.
    messages += [{"role": "assistant", "content": text}, {"role": "user", "content": "three is fine"}]
    call = create(model="gpt-4o-mini", messages=messages, tools=CHAT_TOOLS).parse().choices[0].message.tool_calls[0]
    check(json.loads(call.function.arguments) == {"date": "2026-12-01", "time": "3pm"}, call.function.arguments)


def responses():
    create = client().responses.with_raw_response.create
    first = validate(Response, json.loads(create(model="gpt-5-mini", input=WORDS, tools=TOOLS).text))
    call = first.output[0]
    check(call.type == "function_call" and json.loads(call.arguments) == {"date": "2026-12-01"}, call)

    with client().responses.stream(model="gpt-5-mini", input=WORDS, tools=TOOLS) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    check(kinds[0] == "response.created" and kinds[-1] == "response.completed", kinds)
    check(final.output[0].name == "look_up_availability", final.output)

    result = {
        "type": "function_call_output",
        "call_id": call.call_id,
        "output": '{"available_times":["1pm","2pm","3pm"]}',
    }
    with client().responses.with_streaming_response.create(
        model="gpt-5-mini", input=[result], tools=TOOLS, previous_response_id=first.id, stream=True
    ) as response:
        lines = [line for line in response.iter_lines() if line]
    events = []
    for name, data in zip(lines[::2], lines[1::2]):
        value = json.loads(data.removeprefix("data: "))
        check(name == f"event: {value['type']}", f"{name} stands before {value['type']}")
        events.append(validate(ResponseStreamEvent, value))
    check([event.sequence_number for event in events] == list(range(len(events))), "the numbers are not in order")
    check("3 pm" in events[-1].response.output_text, events[-1].response.output_text)
    fails(
        openai.BadRequestError,
        lambda: create(model="gpt-5-mini", input="x", previous_response_id="resp_none"),
        "previous_response_not_found",
        "previous_response_id",
    )


def speech():
    create = client().audio.speech.with_streaming_response.create
    text = dict(model="gpt-4o-mini-tts", voice="alloy", input="Good morning, and welcome.")
    with create(**text, response_format="pcm") as response:
        pcm = b"".join(response.iter_bytes())
        check(response.headers["content-type"] == "audio/pcm", response.headers["content-type"])
    check(1 < len(pcm) / 48000 < 4, f"{len(pcm)} bytes of speech")
    with create(**text, response_format="wav") as response:
        wav = b"".join(response.iter_bytes())
    check(wav[:4] == b"RIFF" and wav[44:] == pcm, "the WAV file has other audio")
    with create(**text, response_format="pcm", stream_format="sse") as response:
        events = [json.loads(line.removeprefix("data: ")) for line in response.iter_lines() if line]
    check(b"".join(base64.b64decode(event["audio"]) for event in events[:-1]) == pcm, "the events have other audio")
    check(events[-1]["type"] == "speech.audio.done", events[-1])
    fails(openai.BadRequestError, lambda: client().audio.speech.create(**text), "unsupported_value", "response_format")


def transcriptions():
    question = open(QUESTION, "rb").read()
    file = ("question.wav", question)
    plain = client().audio.transcriptions.with_raw_response.create(model="gpt-4o-mini-transcribe", file=file)
    plain = validate(Transcription, json.loads(plain.text))
    check(plain.text == WORDS, plain.text)
    # What the others say is known: hearing takes its time.
    create = client("sk-knowing").audio.transcriptions.create
    raw = client("sk-knowing").audio.transcriptions.with_raw_response.create
    verbose = raw(
        model="whisper-1", file=file, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    verbose = validate(TranscriptionVerbose, json.loads(verbose.text))
    check([word.word for word in verbose.words] == WORDS.split(), verbose.words)
    events = list(create(model="gpt-4o-transcribe", file=file, stream=True, language="en"))
    check("".join(event.delta for event in events[:-1]) == WORDS, events)
    for event in events:
        validate(TranscriptionStreamEvent, event.model_dump(exclude_unset=True))
    # Another rate, two channels.
    with wave.open(io.BytesIO(question), "rb") as source:
        frames = source.readframes(source.getnframes())
    other = io.BytesIO()
    with wave.open(other, "wb") as target:
        target.setparams((2, 2, 48000, 0, "NONE", ""))
        target.writeframes(b"".join(frames[i : i + 2] * 4 for i in range(0, len(frames), 2)))
    check(create(model="whisper-1", file=("other.wav", other.getvalue())).text == WORDS, "48 kHz stereo")
    fails(openai.BadRequestError, lambda: create(model="whisper-1", file=("a.mp3", question)), param="file")


def faults():
    check(ask("hello", "sk-limited", max_retries=2).choices[0].message.content, "no answer after two refusals")
    error = fails(openai.RateLimitError, lambda: ask("hello", "sk-limited-once", max_retries=0), "rate_limit_exceeded")
    check(error.response.headers["retry-after-ms"] == "50", error.response.headers)
    fails(openai.InternalServerError, lambda: ask("hello", "sk-broken", max_retries=1))
    begin = time.monotonic()
    fails(openai.APITimeoutError, lambda: ask("hello", "sk-stalled", max_retries=0, timeout=0.3))
    check(time.monotonic() - begin < 2, "the time-out took too long")
    fails(openai.APIConnectionError, lambda: ask("hello", "sk-dropped", max_retries=0))
    begin = time.monotonic()
    check(ask("hello", "sk-slow").choices and time.monotonic() - begin >= 0.2, "it was not slow")
    fails(Exception, lambda: ask("hello", "sk-truncated", max_retries=0))

    def stream(key):
        exact = [{"role": "user", "content": "x"}, {"role": "system", "content": f'Say exactly: "{UNICODE}"'}]
        options = dict(model="gpt-4o-mini", messages=exact, stream=True)
        chunks = client(key, max_retries=0, timeout=1).chat.completions.create(**options)
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

    check(stream("sk-test") == UNICODE, "the text is another")
    check(stream("sk-odd") == UNICODE, "odd chunks changed the text")
    check(stream("sk-unknown") == UNICODE, "unknown events changed the text")
    check(len(stream("sk-twice")) > len(UNICODE), "nothing came twice")
    fails(Exception, lambda: stream("sk-dropped-middle"))
    fails(Exception, lambda: stream("sk-stalled-middle"))


class Session:
    """One WebSocket: receives, validates and remembers."""

    def __init__(self, connection, kind):
        self.connection = connection
        self.kind = kind
        union = typing.get_args(kind)[0]
        self.known = set()
        for member in typing.get_args(union):
            self.known.update(typing.get_args(member.model_fields["type"].annotation))
        self.events = []

    async def until(self, kind, accept=lambda event: True):
        """The next event of a type, at the latest in 20 seconds."""
        async with asyncio.timeout(20):
            while True:
                event = json.loads(await self.connection.recv_bytes())
                self.events.append(event)
                check(event["type"] in self.known, f"unknown event type {event['type']}")
                if event["type"] in self.known:
                    validate(self.kind, event)
                if event["type"] == kind and accept(event):
                    return event
                if event["type"] == "error":
                    raise RuntimeError(f"error event: {event['error']}")

    def text(self, kind):
        return "".join(event["delta"] for event in self.events if event["type"] == kind)


def pcm():
    with wave.open(QUESTION, "rb") as file:
        return bytes(48 * 400) + file.readframes(file.getnframes()) + bytes(48 * 1500)


def packets(audio, size=4800):
    return [base64.b64encode(audio[at : at + size]).decode() for at in range(0, len(audio), size)]


async def transcription_session():
    asynchronous = AsyncOpenAI(base_url=BASE_URL, api_key="sk-knowing")
    async with asynchronous.realtime.connect(extra_query={"intent": "transcription"}) as connection:
        session = Session(connection, RealtimeServerEvent)
        created = await session.until("session.created")
        check(created["session"]["object"] == "realtime.transcription_session", created)
        await connection.session.update(
            session={
                "type": "transcription",
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcm", "rate": 24000},
                        "transcription": {"model": "gpt-4o-transcribe", "language": "en"},
                        "turn_detection": {"type": "server_vad", "silence_duration_ms": 500},
                    }
                },
            }
        )
        await session.until("session.updated")
        for packet in packets(pcm()):
            await connection.input_audio_buffer.append(audio=packet)
        name = "conversation.item.input_audio_transcription"
        completed = await session.until(f"{name}.completed")
        check(completed["transcript"] == WORDS, completed["transcript"])
        check(session.text(f"{name}.delta") == WORDS, "the deltas say something else")
        check(not any(event["type"].startswith("response.") for event in session.events), "something was answered")


async def live():
    asynchronous = AsyncOpenAI(base_url=BASE_URL, api_key="sk-test")
    async with asynchronous.live.connect() as connection:
        session = Session(connection, ServerEvent)
        await connection.session.start(
            session={
                "model": "gpt-live-1",
                "instructions": "You are a scheduling assistant.",
                "audio": {"format": {"type": "audio/pcm", "rate": 24000}, "output": {"voice": "cedar"}},
                "delegation": {"type": "responses", "responses": {"model": "gpt-5-mini", "tools": TOOLS}},
            },
            event_id="c1",
        )
        started = await session.until("session.started")
        check(started["client_event_id"] == "c1", started)
        await connection.session.commentary.append(content="Good day.", delegation_id=None)
        await session.until("session.commentary.appended")
        await session.until("session.output_audio.delta")
        for packet in packets(pcm()):
            await connection.session.input_audio.append(audio=packet)
        delegation = (await session.until("session.delegation.created"))["delegation"]
        check(delegation["target"] == "responses", delegation)
        check(session.text("session.input_transcript.delta") == WORDS, "another input transcript")
        item = lambda event: event["event"]["type"] == "response.output_item.done"
        call = (await session.until("response.event", item))["event"]["item"]
        check(json.loads(call["arguments"]) == {"date": "2026-12-01"}, call)
        await session.until("response.event", lambda event: event["event"]["type"] == "response.completed")
        await connection.response.item.create(
            item={
                "type": "function_call_output",
                "call_id": call["call_id"],
                "output": '{"available_times":["1pm","2pm","3pm"]}',
            }
        )
        await connection.response.create()
        answer = await session.until(
            "response.event", lambda event: event["event"]["type"] == "response.output_text.done"
        )
        check("3 pm" in answer["event"]["text"], answer)
        session.events.clear()
        begin = time.monotonic()
        for _ in range(8):
            await session.until("session.output_audio.delta")
        check(0.5 < time.monotonic() - begin < 3, f"eight chunks in {time.monotonic() - begin} s are not in real time")
        check("On Tuesday" in session.text("session.output_transcript.delta"), "another output transcript")
        await connection.session.close()
        closed = await session.until("session.closed")
        check(closed["reason"] == "close_requested" and closed["usage"]["seconds"] > 0, closed)


async def session_faults():
    async def conversation(key):
        asynchronous = AsyncOpenAI(base_url=BASE_URL, api_key=key)
        async with asynchronous.realtime.connect(model="gpt-realtime") as connection:
            session = Session(connection, RealtimeServerEvent)
            await session.until("session.created")
            await connection.response.create(response={"instructions": 'Say exactly: "Good morning to you all."'})
            await session.until("response.done")
            return session

    whole = await conversation("sk-test")
    audio = lambda session: b"".join(
        base64.b64decode(event["delta"])
        for event in session.events
        if event["type"] == "response.output_audio.delta"
    )
    odd = await conversation("sk-odd")
    check(audio(odd) == audio(whole), "odd chunks changed the audio")
    for key in ("sk-dropped-middle", "sk-broken"):
        try:
            await conversation(key)
            check(False, f"{key}: nothing went wrong")
        except Exception:
            pass


for body in (
    models,
    errors,
    chat,
    responses,
    speech,
    transcriptions,
    faults,
    transcription_session,
    live,
    session_faults,
):
    done.append(body.__name__)
    begin = time.monotonic()
    try:
        result = body()
        if asyncio.iscoroutine(result):
            asyncio.run(result)
    except Exception:
        complaints.append(f"{body.__name__}: {traceback.format_exc()[-900:]}")
    print(f"{body.__name__}: {time.monotonic() - begin:.1f} s")
print(json.dumps({"ok": not complaints, "checks": done, "complaints": complaints}, ensure_ascii=False))
sys.exit(bool(complaints))
