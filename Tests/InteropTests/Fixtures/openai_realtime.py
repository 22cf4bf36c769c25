#!/usr/bin/env python3
"""Holds a conversation with a Realtime server through the official `openai` package, and judges every event.

    openai_realtime.py BASE_URL QUESTION.wav [--answer-wav FILE] [--question-words WORDS]

QUESTION.wav is 16-bit mono at 8 or 24 kHz: somebody asks for an appointment tomorrow. The server's persona must call
`look_up_availability`. Prints one JSON object; exit code 0 only if everything was as it should be.
"""

import argparse
import asyncio
import base64
import json
import struct
import sys
import time
import typing
import wave

import openai
from openai import AsyncOpenAI
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel, TypeAdapter, ValidationError

EVENT = TypeAdapter(RealtimeServerEvent)
# Members that the live service sends and the package's types do not name.
KNOWN_EXTRAS = {
    "obfuscation", "session.object", "session.id", "session.expires_at", "session.reasoning",
    "session.parallel_tool_calls", "response.status_details.error.message",
}
TOOLS = [
    {
        "type": "function",
        "name": "look_up_availability",
        "description": "Looks up free times.",
        "parameters": {"type": "object", "properties": {"date": {"type": "string"}}, "required": ["date"]},
    },
    {
        "type": "function",
        "name": "confirm_appointment",
        "description": "Books a time.",
        "parameters": {
            "type": "object",
            "properties": {"date": {"type": "string"}, "time": {"type": "string"}},
            "required": ["date", "time"],
        },
    },
]


class Failure(Exception):
    pass


def event_types():
    """The `type` of every server event that the package knows."""
    union = typing.get_args(RealtimeServerEvent)[0]
    names = set()
    for member in typing.get_args(union):
        names.update(typing.get_args(member.model_fields["type"].annotation))
    return names


def extras(model, path=""):
    """Paths of members that the package's types do not name."""
    found = []
    if isinstance(model, BaseModel):
        for name in model.model_extra or {}:
            found.append(path + name)
        for name in type(model).model_fields:
            found += extras(getattr(model, name), path + name + ".")
    elif isinstance(model, list):
        for element in model:
            found += extras(element, path)
    return found


class Conversation:
    """One connection: receives, validates and remembers."""

    def __init__(self, connection):
        self.connection = connection
        self.types = []
        self.complaints = []
        self.known = event_types()

    async def next(self, timeout=20):
        raw = await asyncio.wait_for(self.connection.recv_bytes(), timeout)
        event = json.loads(raw)
        kind = event.get("type")
        self.types.append(kind)
        if kind not in self.known:
            self.complaints.append(f"unknown event type {kind}")
            return event
        try:
            parsed = EVENT.validate_python(event)
        except ValidationError as error:
            self.complaints.append(f"{kind}: {error}")
            return event
        if type(parsed) is not type(self.connection.parse_event(raw)):
            self.complaints.append(f"{kind}: the package's client reads another type")
        for path in extras(parsed):
            if path not in KNOWN_EXTRAS:
                self.complaints.append(f"{kind}: member {path} is not in the package's types")
        dumped = parsed.model_dump(mode="json", exclude_unset=True, by_alias=True)
        if dumped != event:
            self.complaints.append(f"{kind}: changed by a round trip")
        return event

    async def until(self, *kinds, timeout=20, seen=None):
        """Reads up to an event of one of `kinds`; all events read are added to `seen`."""
        end = time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise Failure(f"no {' or '.join(kinds)} in {timeout} s; got {self.types[-12:]}")
            try:
                event = await self.next(left)
            except asyncio.TimeoutError:
                continue
            if seen is not None:
                seen.append(event)
            if event["type"] in kinds:
                return event
            if event["type"] == "error":
                raise Failure(f"error event: {event['error']}")


def check(condition, message):
    if not condition:
        raise Failure(message)


def read_pcm24(path):
    """The samples of a WAV file as 16-bit little-endian at 24 kHz."""
    with wave.open(path, "rb") as file:
        check(file.getsampwidth() == 2 and file.getnchannels() == 1, "the WAV file must be 16-bit mono")
        rate = file.getframerate()
        frames = file.readframes(file.getnframes())
    if rate == 24000:
        return frames
    check(rate == 8000, "the WAV file must have 8 or 24 kHz")
    samples = struct.unpack(f"<{len(frames) // 2}h", frames)
    output = []
    for here, following in zip(samples, samples[1:] + samples[-1:]):
        output += [here, (2 * here + following) // 3, (here + 2 * following) // 3]
    return struct.pack(f"<{len(output)}h", *output)


async def append(connection, pcm):
    """Sends audio in packets of 20 ms, faster than real time."""
    for start in range(0, len(pcm), 960):
        packet = pcm[start : start + 960]
        await connection.input_audio_buffer.append(audio=base64.b64encode(packet).decode())


def spoken(events):
    """Audio bytes and transcript of a response's events."""
    audio = b"".join(
        base64.b64decode(event["delta"]) for event in events if event["type"] == "response.output_audio.delta"
    )
    words = "".join(
        event["delta"] for event in events if event["type"] == "response.output_audio_transcript.delta"
    )
    return audio, words


async def converse(client, question, summary, expected):
    async with client.realtime.connect(model="gpt-realtime") as connection:
        talk = Conversation(connection)
        try:
            created = await talk.until("session.created")
            check(created["session"]["object"] == "realtime.session", "no session object")

            await connection.session.update(
                session={
                    "type": "realtime",
                    "instructions": "You are a scheduling assistant. Today is 2026-11-30.",
                    "tools": TOOLS,
                    "audio": {
                        "input": {
                            "format": {"type": "audio/pcm", "rate": 24000},
                            "transcription": {"model": "gpt-4o-mini-transcribe"},
                            "turn_detection": {"type": "server_vad", "silence_duration_ms": 500},
                        },
                        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "cedar"},
                    },
                }
            )
            updated = await talk.until("session.updated")
            detection = updated["session"]["audio"]["input"]["turn_detection"]
            check(detection["silence_duration_ms"] == 500, "the update was not merged")

            # A spoken question: transcript, function call.
            silence = bytes(48 * 400)
            await append(connection, silence + question + silence * 3)
            seen = []
            await talk.until("response.done", seen=seen)
            kinds = [event["type"] for event in seen]
            order = [
                "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped",
                "input_audio_buffer.committed", "conversation.item.added", "conversation.item.done",
                "response.created", "response.output_item.added", "conversation.item.added",
                "response.function_call_arguments.done", "conversation.item.done", "response.output_item.done",
                "response.done",
            ]
            aside = ("response.function_call_arguments.delta", "rate_limits.updated")
            rest = [kind for kind in kinds if kind not in aside and "transcription" not in kind]
            check(rest == order, f"events in another order: {rest}")
            transcript = next((e for e in seen if e["type"].endswith("transcription.completed")), None)
            while transcript is None:
                transcript = await talk.until("conversation.item.input_audio_transcription.completed")
            summary["heard"] = transcript["transcript"]
            check(not expected or transcript["transcript"] == expected, f"heard {transcript['transcript']!r}")
            call = next(e for e in seen if e["type"] == "response.function_call_arguments.done")
            summary["call"] = {"name": call["name"], "arguments": json.loads(call["arguments"])}
            check(summary["call"] == {"name": "look_up_availability", "arguments": {"date": "2026-12-01"}},
                  f"called {summary['call']}")

            # Its result, and a spoken answer.
            await connection.conversation.item.create(
                item={
                    "type": "function_call_output",
                    "call_id": call["call_id"],
                    "output": json.dumps({"available_times": ["1pm", "2pm", "3pm"]}),
                }
            )
            await talk.until("conversation.item.done")
            began = time.monotonic()
            await connection.response.create()
            seen = []
            done = await talk.until("response.done", seen=seen)
            audio, words = spoken(seen)
            seconds = len(audio) / 48000
            summary["answer"] = {"words": words, "seconds": round(seconds, 2)}
            check(done["response"]["status"] == "completed", "the answer was not completed")
            check("3 pm" in words and seconds > 5, f"an answer of {seconds:.1f} s: {words}")
            check(time.monotonic() - began < seconds, "audio came no faster than real time")
            check(done["response"]["usage"]["output_token_details"]["audio_tokens"] > 0, "no audio tokens in the bill")
            await talk.until("rate_limits.updated")
            item_id = done["response"]["output"][0]["id"]
            await connection.conversation.item.truncate(item_id=item_id, content_index=0, audio_end_ms=1500)
            await talk.until("conversation.item.truncated")

            # A written turn, answered in text.
            await connection.conversation.item.create(
                item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "who is this"}]}
            )
            await talk.until("conversation.item.done")
            await connection.response.create(response={"output_modalities": ["text"], "metadata": {"turn": "text"}})
            done = await talk.until("response.done")
            check(done["response"]["metadata"] == {"turn": "text"}, "metadata are not echoed")
            summary["text"] = done["response"]["output"][0]["content"][0]["text"]
            check(summary["text"], "no text")

            # Exact words, cancelled while they are spoken.
            await connection.response.create(
                response={
                    "conversation": "auto",
                    "instructions": "Say exactly the following, and nothing else: \"" + "One two three four. " * 20 + "\"",
                }
            )
            await talk.until("response.output_audio.delta")
            await connection.response.cancel()
            done = await talk.until("response.done")
            check(done["response"]["status"] == "cancelled", "the response was not cancelled")
            check(done["response"]["status_details"]["reason"] == "client_cancelled", "cancelled for another reason")
            await talk.until("rate_limits.updated")

            # An expected error, with our event's name.
            await connection.send({"type": "response.cancel", "event_id": "too_late"})
            error = await talk.next()
            check(error["type"] == "error", "no error for a cancel of nothing")
            check(error["error"]["code"] == "response_cancel_not_active", f"error {error['error']}")
            check(error["error"]["event_id"] == "too_late", "the error does not name our event")
            summary["error"] = error["error"]["code"]
            return audio
        finally:
            summary["events"] = summary.get("events", 0) + len(talk.types)
            summary["complaints"] = talk.complaints


async def refused(base_url):
    """Without a model there is an error event and a close."""
    client = AsyncOpenAI(base_url=base_url, api_key="sk-test")
    async with client.realtime.connect(model="no-such-model") as connection:
        event = json.loads(await asyncio.wait_for(connection.recv_bytes(), 5))
        check(event["type"] == "error" and event["error"]["code"] == "invalid_model", f"got {event}")
        try:
            await asyncio.wait_for(connection.recv_bytes(), 5)
        except Exception as closed:  # websockets' own class, which the package does not export
            code = getattr(getattr(closed, "rcvd", None), "code", None)
            check(code == 4000, f"closed with {closed!r}")
            return
        raise Failure("the refused connection stays open")


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("question")
    parser.add_argument("--answer-wav", help="where to write the spoken answer")
    parser.add_argument("--question-words", default="", help="what the transcript must be")
    arguments = parser.parse_args()
    summary = {"package": openai.__version__}
    client = AsyncOpenAI(base_url=arguments.base_url, api_key="sk-test")
    try:
        models = await client.models.list()
        summary["models"] = len(models.data)
        check("gpt-realtime" in [model.id for model in models.data], "gpt-realtime is not listed")
        audio = await converse(client, read_pcm24(arguments.question), summary, arguments.question_words)
        await refused(arguments.base_url)
        check(not summary["complaints"], "events that the package's types do not allow")
        if arguments.answer_wav:
            with wave.open(arguments.answer_wav, "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(24000)
                file.writeframes(audio)
        summary["ok"] = True
    except Failure as failure:
        summary["ok"] = False
        summary["failure"] = str(failure)
    print(json.dumps(summary))
    sys.exit(0 if summary["ok"] else 1)


asyncio.run(main())
