/* A turn of a pipeline made by hand: the transcription of the caller's words, the model's reply as it streams, and its
 * first sentence spoken, with nothing else around them.
 *
 *   by_hand --calls N --port P --wave FILE --period MS [--commands]
 *
 * One thread with libcurl's multi interface, whose connections stay warm: N calls, each with a turn every MS. A turn
 * begins with the POST of FILE (a WAV) to stages.c and ends with the first bytes of the speech. No telephone, no voice
 * activity, no conversation, hardly any check.
 *
 * With --commands it is what one types: curl is started three times a turn, one turn after the other.
 *
 * Reads the lines `begin`, `end` and `quiet` of stages.c on standard input, and prints one JSON object: when each turn
 * began and ended, by CLOCK_MONOTONIC in nanoseconds.
 *
 *   cc -O2 by_hand.c -o by_hand -lcurl */
#define _GNU_SOURCE
#include "bench.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdarg.h>

enum { max_text = 65536, max_words = 512, max_turns = 65536 };
enum stage { transcription, generation, speech, stages };
static const char *const paths[stages] = {"/audio/transcriptions", "/chat/completions", "/audio/speech"};

struct call {
    CURL *requests[stages];
    char addresses[stages][64], bodies[stages][1024];
    curl_mime *form;
    /* The answer that is being read. */
    char text[max_text];
    size_t length;
    int64_t due, began;
    int open, is_transcribed, is_sentence_whole, is_speaking;
};

static struct call *calls[max_calls];
static struct { int call; int64_t began, ended; } turns[max_turns];
static int call_count, turn_count, port;
static const char *wave;
static CURLM *multi;
static struct curl_slist *json;

static void finish_turn(int number, int64_t began) {
    if (turn_count == max_turns) return;
    turns[turn_count].call = number;
    turns[turn_count].began = began;
    turns[turn_count++].ended = now_ns();
}

/* Puts the model's words in `out`: what stands in the events of `stream` so far. */
static void read_words(const char *stream, size_t length, char *out, size_t room) {
    static const char name[] = "\"content\":\"";
    const char *end = stream + length;
    size_t count = 0;
    while ((stream = memmem(stream, (size_t)(end - stream), name, sizeof name - 1)))
        for (stream += sizeof name - 1; stream < end && *stream != '"' && count + 1 < room; stream++) out[count++] = *stream;
    out[count] = 0;
}

/* Cuts `words` behind its first sentence: a mark with a space behind it. */
static int cut_sentence(char *words) {
    for (char *at = words; *at; at++) {
        if (!strchr(".!?", *at) || at[1] != ' ') continue;
        at[1] = 0;
        return 1;
    }
    return 0;
}

static void write_generation(char *body, size_t room, int number) {
    snprintf(body, room, "{\"model\":\"bench-%d\",\"messages\":[{\"role\":\"system\",\"content\":\"Say what is to be said.\"},"
             "{\"role\":\"user\",\"content\":\"On Tuesday?\"}],\"stream\":true}", number);
}

static void write_speech(char *body, size_t room, int number, const char *sentence) {
    snprintf(body, room, "{\"model\":\"bench-%d\",\"input\":\"%s\",\"voice\":\"alloy\",\"response_format\":\"pcm\"}", number,
             sentence);
}

/* MARK: libcurl */

static size_t collect(char *bytes, size_t size, size_t count, void *context) {
    struct call *c = context;
    size_t length = size * count;
    if (c->length + length > max_text) return 0;
    memcpy(c->text + c->length, bytes, length);
    c->length += length;
    return length;
}

static size_t hear(char *bytes, size_t size, size_t count, void *context) {
    struct call *c = context;
    (void)bytes;
    if (c->is_speaking && size * count > 0) {
        int number = 0;
        while (calls[number] != c) number++;
        finish_turn(number, c->began);
        c->is_speaking = 0;
    }
    return size * count;
}

static void start(struct call *c, enum stage stage) {
    CURL *request = c->requests[stage];
    if (stage != speech) c->length = 0;
    if (stage != transcription) curl_easy_setopt(request, CURLOPT_POSTFIELDS, c->bodies[stage]);
    curl_multi_add_handle(multi, request);
    c->open++;
}

static void prepare(struct call *c, int number) {
    for (int stage = 0; stage < stages; stage++) {
        CURL *request = c->requests[stage] = curl_easy_init();
        if (!request) die("libcurl");
        snprintf(c->addresses[stage], sizeof c->addresses[stage], "http://127.0.0.1:%d/v1%s", port, paths[stage]);
        curl_easy_setopt(request, CURLOPT_URL, c->addresses[stage]);
        curl_easy_setopt(request, CURLOPT_PROXY, "");
        curl_easy_setopt(request, CURLOPT_WRITEFUNCTION, stage == speech ? hear : collect);
        curl_easy_setopt(request, CURLOPT_WRITEDATA, c);
        curl_easy_setopt(request, CURLOPT_PRIVATE, c);
        if (stage != transcription) curl_easy_setopt(request, CURLOPT_HTTPHEADER, json);
    }
    c->form = curl_mime_init(c->requests[transcription]);
    char model[32];
    snprintf(model, sizeof model, "bench-%d", number);
    const char *const fields[][2] = {{"model", model}, {"response_format", "json"}};
    for (int i = 0; i < 2; i++) {
        curl_mimepart *part = curl_mime_addpart(c->form);
        curl_mime_name(part, fields[i][0]);
        curl_mime_data(part, fields[i][1], CURL_ZERO_TERMINATED);
    }
    curl_mimepart *file = curl_mime_addpart(c->form);
    curl_mime_name(file, "file");
    curl_mime_filedata(file, wave);
    curl_easy_setopt(c->requests[transcription], CURLOPT_MIMEPOST, c->form);
    write_generation(c->bodies[generation], sizeof c->bodies[generation], number);
}

/* What the bytes that have come allow. */
static void advance(struct call *c, int number) {
    if (c->is_transcribed && !c->is_sentence_whole) {
        char words[max_words];
        read_words(c->text, c->length, words, sizeof words);
        if (!cut_sentence(words)) return;
        c->is_sentence_whole = c->is_speaking = 1;
        write_speech(c->bodies[speech], sizeof c->bodies[speech], number, words);
        start(c, speech);
    }
}

static void run_warm(int64_t period) {
    json = curl_slist_append(NULL, "Content-Type: application/json");
    multi = curl_multi_init();
    if (!multi || !json) die("libcurl");
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 3L * call_count);
    int64_t now = now_ns();
    for (int i = 0; i < call_count; i++) {
        calls[i] = calloc(1, sizeof **calls);
        if (!calls[i]) die("memory");
        prepare(calls[i], i);
        calls[i]->due = now + (int64_t)i * period / call_count;
    }
    struct curl_waitfd input = {.fd = STDIN_FILENO, .events = CURL_WAIT_POLLIN};
    for (int is_ending = 0;;) {
        int running, left;
        curl_multi_perform(multi, &running);
        CURLMsg *message;
        while ((message = curl_multi_info_read(multi, &left))) {
            struct call *c;
            CURL *request = message->easy_handle;
            if (message->data.result != CURLE_OK) {
                fprintf(stderr, "by_hand: %s\n", curl_easy_strerror(message->data.result));
                exit(1);
            }
            curl_easy_getinfo(request, CURLINFO_PRIVATE, (char **)&c);
            curl_multi_remove_handle(multi, request);
            c->open--;
            if (request != c->requests[transcription]) continue;
            c->is_transcribed = memmem(c->text, c->length, "\"text\"", 6) != NULL;
            start(c, generation);
        }
        now = now_ns();
        int64_t wake = now + 1000000000;
        for (int i = 0; i < call_count; i++) {
            struct call *c = calls[i];
            advance(c, i);
            if (c->due <= now && !c->open && !is_ending) {
                c->is_transcribed = c->is_sentence_whole = 0;
                c->began = now_ns();
                c->due += period;
                start(c, transcription);
            }
            if (c->open == 0 && c->due < wake) wake = c->due;
        }
        /* What was just added is begun at once. */
        curl_multi_perform(multi, &running);
        long timeout = wake > now ? (long)((wake - now) / 1000000) + 1 : 0;
        input.revents = 0;
        curl_multi_poll(multi, &input, 1, (int)timeout, NULL);
        char line[64];
        ssize_t got = input.revents ? read(STDIN_FILENO, line, sizeof line) : 0;
        if (got > 0 && memmem(line, (size_t)got, "end", 3)) is_ending = 1;
        if (input.revents && (got <= 0 || memmem(line, (size_t)got, "quiet", 5))) return;
    }
}

/* MARK: curl */

static FILE *curl(const char *format, ...) __attribute__((format(printf, 1, 2)));
static FILE *curl(const char *format, ...) {
    char command[4096] = "exec curl -sN --noproxy '*' ";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command + strlen(command), sizeof command - strlen(command), format, arguments);
    va_end(arguments);
    FILE *output = popen(command, "r");
    if (!output) die("curl");
    return output;
}

/* Reads to the end. */
static void drain(FILE *output) {
    char rest[4096];
    while (read(fileno(output), rest, sizeof rest) > 0) {}
    pclose(output);
}

static void make_turn(void) {
    char body[1024], text[max_text], words[max_words];
    int64_t began = now_ns();
    FILE *heard = curl("-F model=bench-0 -F response_format=json -F file=@%s http://127.0.0.1:%d/v1%s", wave, port,
                       paths[transcription]);
    drain(heard);
    write_generation(body, sizeof body, 0);
    FILE *reply = curl("-H 'Content-Type: application/json' -d '%s' http://127.0.0.1:%d/v1%s", body, port, paths[generation]);
    size_t length = 0;
    do {
        ssize_t got = read(fileno(reply), text + length, sizeof text - length);
        if (got <= 0) die("the reply");
        length += (size_t)got;
        read_words(text, length, words, sizeof words);
    } while (!cut_sentence(words));
    write_speech(body, sizeof body, 0, words);
    FILE *sound = curl("-H 'Content-Type: application/json' -d '%s' http://127.0.0.1:%d/v1%s", body, port, paths[speech]);
    if (read(fileno(sound), text, 1) == 1) finish_turn(0, began);
    drain(sound);
    drain(reply);
}

static void run_commands(int64_t period) {
    int64_t due = now_ns();
    for (int is_ending = 0;;) {
        int64_t wait = (due - now_ns()) / 1000000;
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&input, 1, is_ending ? -1 : wait > 0 ? (int)wait : 0) > 0) {
            char line[64];
            ssize_t got = read(STDIN_FILENO, line, sizeof line);
            if (got > 0 && memmem(line, (size_t)got, "end", 3)) is_ending = 1;
            if (got <= 0 || memmem(line, (size_t)got, "quiet", 5)) return;
        } else if (!is_ending) {
            make_turn();
            due += period;
        }
    }
}

int main(int argc, char **argv) {
    call_count = atoi(option(argc, argv, "--calls", "1"));
    port = atoi(option(argc, argv, "--port", "0"));
    wave = option(argc, argv, "--wave", NULL);
    int64_t period = atoll(option(argc, argv, "--period", "3000")) * 1000000;
    if (call_count < 1 || call_count > max_calls || port == 0 || !wave || period <= 0) {
        fprintf(stderr, "by_hand: 1 to %d calls, the port of stages, and --wave with the caller's words\n", max_calls);
        return 2;
    }
    raise_descriptor_limit();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!strcmp(argv[argc - 1], "--commands")) run_commands(period);
    else run_warm(period);
    printf("{\"turns\":[");
    for (int i = 0; i < turn_count; i++)
        printf("%s{\"call\":%d,\"began\":%lld,\"ended\":%lld}", i ? "," : "", turns[i].call, (long long)turns[i].began,
               (long long)turns[i].ended);
    printf("]}\n");
    return 0;
}
