/* What a call costs at least: a plain C program that makes the same system calls for each call.
 *
 *   baseline --calls N --model-port P [--tls] [--rtp-port P]
 *
 * One thread, with real-time priority where that is granted, as the engine's: epoll, a UDP socket a call for RTP, from
 * port P on, and one for RTCP, recvmmsg, a timerfd on absolute 20 ms deadlines with spread phases, one sendmsg a call and
 * tick, and one TCP (or TLS) connection a call to load.c. Each received packet becomes a masked WebSocket text frame with
 * a base64 JSON event; audio of the model's events is decoded into a queue that the ticks play; speech_started empties
 * it. No jitter buffer, no concealment, no RTCP, no recording, no conversation, hardly any check.
 *
 * Reads the lines `begin` and `end` of load.c on standard input, and prints one JSON object for the time between.
 *
 *   cc -O2 baseline.c -o baseline -lssl -lcrypto */
#define _GNU_SOURCE
#include "bench.h"

#include <openssl/ssl.h>
#include <sched.h>
#include <signal.h>

enum { phases = 20, room = 32768, queue_size = 65536 };

struct call {
    int rtp, rtcp, tcp;
    SSL *ssl;
    struct sockaddr_in peer;
    int has_peer;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    int64_t due;
    size_t held, queued, played;
    uint8_t queue[queue_size];
    uint8_t bytes[room];
};

static struct call *calls[max_calls];
static uint64_t refused;

static void send_text(struct call *c, const char *text, size_t length) {
    uint8_t frame[8192];
    if (length > sizeof frame - 14) return;
    size_t count = make_frame(text, length, 1, frame);
    int written = c->ssl ? SSL_write(c->ssl, frame, (int)count)
                         : (int)send(c->tcp, frame, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written != (int)count) refused++;
}

static void send_audio(struct call *c, const uint8_t *payload, size_t count) {
    static const char head[] = "{\"type\":\"input_audio_buffer.append\",\"audio\":\"";
    char text[4096];
    if (count > 2000) count = 2000;
    memcpy(text, head, sizeof head - 1);
    size_t length = sizeof head - 1;
    length += encode_base64(payload, count, text + length);
    memcpy(text + length, "\"}", 2);
    send_text(c, text, length + 2);
}

static void receive_event(struct call *c, const char *text, size_t length) {
    if (is_type(text, length, "response.output_audio.delta")) {
        size_t rest;
        const char *audio = value_behind(text, length, "\"delta\":\"", &rest);
        if (!audio) return;
        if (c->played == c->queued) c->played = c->queued = 0;
        c->queued += decode_base64(audio, rest, c->queue + c->queued, queue_size - c->queued);
    } else if (is_type(text, length, "input_audio_buffer.speech_started")) {
        c->played = c->queued = 0;
    }
}

static void read_model(struct call *c) {
    for (;;) {
        size_t free = room - c->held;
        int got = c->ssl ? SSL_read(c->ssl, c->bytes + c->held, (int)free)
                         : (int)recv(c->tcp, c->bytes + c->held, free, MSG_DONTWAIT);
        if (got <= 0) return;
        c->held += (size_t)got;
        size_t at = 0, taken, length;
        int opcode;
        char *text;
        while ((taken = take_frame(c->bytes + at, c->held - at, &opcode, &text, &length))) {
            at += taken;
            if (opcode == 1) receive_event(c, text, length);
        }
        if (at) memmove(c->bytes, c->bytes + at, c->held -= at);
        if (c->ssl ? !SSL_has_pending(c->ssl) : got < (int)free) return;
    }
}

static void connect_model(struct call *c, int number, int rtp_port, int model_port, SSL_CTX *tls) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)model_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    c->tcp = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->tcp, (struct sockaddr *)&at, sizeof at) < 0) die("connect");
    int one = 1;
    setsockopt(c->tcp, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (tls) {
        c->ssl = SSL_new(tls);
        SSL_set_fd(c->ssl, c->tcp);
        SSL_set_read_ahead(c->ssl, 1);
        if (SSL_connect(c->ssl) != 1) die("TLS");
    }
    char request[512];
    int length = snprintf(request, sizeof request,
                          "GET /v1/realtime?model=bench-%d-%d HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", number, rtp_port);
    int written = c->ssl ? SSL_write(c->ssl, request, length) : (int)write(c->tcp, request, (size_t)length);
    if (written != length) die("upgrade");
    char *end = NULL;
    while (!end) {
        int got = c->ssl ? SSL_read(c->ssl, c->bytes + c->held, (int)(room - c->held))
                         : (int)read(c->tcp, c->bytes + c->held, room - c->held);
        if (got <= 0) die("upgrade");
        c->held += (size_t)got;
        end = memmem(c->bytes, c->held, "\r\n\r\n", 4);
    }
    size_t used = (size_t)(end + 4 - (char *)c->bytes);
    memmove(c->bytes, c->bytes + used, c->held -= used);
    static const char update[] = "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\"}}";
    send_text(c, update, sizeof update - 1);
    fcntl(c->tcp, F_SETFL, O_NONBLOCK);
}

static int udp_socket(int port) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0) die("socket");
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0) return fd;
    close(fd);
    return -1;
}

/* Opens the next pair of ports that is free, from `port` on; returns the port behind it. */
static int open_ports(struct call *c, int port) {
    for (; port < 32766; port += 2) {
        c->rtp = udp_socket(port);
        c->rtcp = c->rtp < 0 ? -1 : udp_socket(port + 1);
        if (c->rtcp >= 0) return port + 2;
        if (c->rtp >= 0) close(c->rtp);
    }
    fprintf(stderr, "baseline: no UDP ports left\n");
    exit(1);
}

static void tick(struct call *c) {
    if (c->has_peer) {
        uint8_t packet[packet_size];
        uint16_t sequence = htons(c->sequence);
        uint32_t timestamp = htonl(c->timestamp), ssrc = htonl(c->ssrc);
        packet[0] = 0x80;
        packet[1] = 0;
        memcpy(packet + 2, &sequence, 2);
        memcpy(packet + 4, &timestamp, 4);
        memcpy(packet + 8, &ssrc, 4);
        size_t count = c->queued - c->played;
        if (count > payload_size) count = payload_size;
        memcpy(packet + 12, c->queue + c->played, count);
        memset(packet + 12 + count, silence, payload_size - count);
        c->played += count;
        struct iovec part = {packet, sizeof packet};
        struct msghdr message = {.msg_name = &c->peer, .msg_namelen = sizeof c->peer, .msg_iov = &part,
                                 .msg_iovlen = 1};
        if (sendmsg(c->rtp, &message, MSG_DONTWAIT) < 0) refused++;
        c->sequence++;
    }
    c->timestamp += payload_size;
}

static long resident_pages(void) {
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
    fclose(file);
    return resident;
}

int main(int argc, char **argv) {
    int count = atoi(option(argc, argv, "--calls", "1"));
    int port = atoi(option(argc, argv, "--rtp-port", "40000"));
    int model_port = atoi(option(argc, argv, "--model-port", "0"));
    int uses_tls = argc > 1 && !strcmp(argv[argc - 1], "--tls");
    if (count < 1 || count > max_calls || port < 1024 || model_port == 0) {
        fprintf(stderr, "baseline: 1 to %d calls, an RTP port from 1024, and load's model port\n", max_calls);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    SSL_CTX *tls = uses_tls ? SSL_CTX_new(TLS_client_method()) : NULL;
    long pages = resident_pages();

    int epoll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    if (epoll < 0 || timer < 0) die("epoll, timerfd");
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = UINT64_MAX};
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
    event = (struct epoll_event){.events = EPOLLIN, .data.u64 = UINT64_MAX - 1};
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    for (int i = 0; i < count; i++) {
        struct call *c = calls[i] = calloc(1, sizeof **calls);
        if (!c) die("memory");
        port = open_ports(c, port);
        c->ssrc = (uint32_t)random();
        connect_model(c, i, port - 2, model_port, tls);
        int sockets[] = {c->rtp, c->rtcp, c->tcp};
        for (int kind = 0; kind < 3; kind++) {
            event = (struct epoll_event){.events = EPOLLIN, .data.u64 = (uint64_t)i << 2 | (uint64_t)kind};
            epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[kind], &event);
        }
        read_model(c);
    }

    /* Calls of one millisecond tick together, as on the engine's wheel. */
    static int members[phases][max_calls], sizes[phases];
    int64_t begun = (now_ns() / 1000000 + 20) * 1000000;
    for (int i = 0; i < count; i++) {
        int phase = i * 7 % phases;
        members[phase][sizes[phase]++] = i;
        calls[i]->due = begun + phase * 1000000;
    }
    static uint8_t buffers[batch][2048];
    struct mmsghdr messages[batch];
    struct iovec parts[batch];
    struct sockaddr_in sources[batch];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < batch; i++) {
        parts[i] = (struct iovec){buffers[i], sizeof buffers[i]};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_name = &sources[i];
    }

    struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_RR)};
    int realtime = sched_setscheduler(0, SCHED_RR, &lowest) == 0;
    static struct histogram lateness;
    int64_t next = begun;
    for (;;) {
        while (sizes[(next - begun) / 1000000 % phases] == 0) next += 1000000;
        struct itimerspec at = {.it_value = {next / 1000000000, next % 1000000000}};
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
        struct epoll_event ready[64];
        int n = epoll_wait(epoll, ready, 64, -1);
        int64_t now = now_ns();
        while (next <= now) {
            int phase = (int)((next - begun) / 1000000 % phases);
            for (int m = 0; m < sizes[phase]; m++) {
                struct call *c = calls[members[phase][m]];
                tick(c);
                record(&lateness, now_ns() - c->due);
                c->due += 20000000;
            }
            next += 1000000;
        }
        for (int e = 0; e < n; e++) {
            if (ready[e].data.u64 == UINT64_MAX) continue;
            if (ready[e].data.u64 == UINT64_MAX - 1) {
                char line[64];
                ssize_t got = read(STDIN_FILENO, line, sizeof line);
                if (got > 0 && line[0] == 'b') {
                    memset(&lateness, 0, sizeof lateness);
                    refused = 0;
                    continue;
                }
                printf("{\"realtime\":%s,\"refused_sends\":%llu,\"bytes_per_call\":%ld,", realtime ? "true" : "false",
                       (unsigned long long)refused, (resident_pages() - pages) * sysconf(_SC_PAGESIZE) / count);
                print_histogram("tick_lateness_us", &lateness);
                printf("}\n");
                return 0;
            }
            struct call *c = calls[ready[e].data.u64 >> 2];
            int kind = ready[e].data.u64 & 3;
            if (kind == 2) {
                read_model(c);
                continue;
            }
            for (int m = 0; m < batch; m++) messages[m].msg_hdr.msg_namelen = sizeof sources[m];
            int got = recvmmsg(kind == 1 ? c->rtcp : c->rtp, messages, batch, MSG_DONTWAIT, NULL);
            for (int m = 0; m < got && kind == 0; m++) {
                size_t length = messages[m].msg_len;
                if (length < 12 || buffers[m][0] >> 6 != 2) continue;
                c->peer = sources[m];
                c->has_peer = 1;
                send_audio(c, buffers[m] + 12, length - 12);
            }
        }
    }
}
