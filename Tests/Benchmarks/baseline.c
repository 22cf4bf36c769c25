/* What a media engine costs at least: a plain C program that makes the same system calls for each call.
 *
 *   baseline --calls N --seconds S [--model none|plain|tls] [--port P]
 *
 * One thread, with real-time priority where that is granted, as the engine's: epoll, a UDP socket a call for RTP (P,
 * P+2, …) and one for RTCP, recvmmsg, a timerfd on absolute 20 ms deadlines with spread phases, one sendmsg a call and
 * tick to where packets come from, with the payload that came last.
 * With --model each received packet also becomes a masked WebSocket text frame with a base64 JSON event, on one TCP (or
 * TLS) connection a call, to a process of its own that throws it away and is not counted. Prints one JSON object.
 *
 *   cc -O2 baseline.c -o baseline -lssl -lcrypto */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

enum { max_calls = 4096, payload_size = 160, batch = 16, phases = 20 };

enum model { model_none, model_plain, model_tls };

struct call {
    int rtp, rtcp, tcp;
    SSL *ssl;
    struct sockaddr_in peer;
    int has_peer;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    int64_t due;
    uint8_t payload[payload_size];
};

static struct call calls[max_calls];

struct histogram { uint64_t counts[128], count; };

static void record(struct histogram *h, int64_t ns) {
    uint64_t us = ns < 0 ? 0 : (uint64_t)ns / 1000;
    int bucket = (int)us;
    if (us >= 4) {
        int exponent = 63 - __builtin_clzll(us);
        bucket = 4 * (exponent - 1) + (int)(us >> (exponent - 2) & 3);
        if (bucket > 127) bucket = 127;
    }
    h->counts[bucket]++;
    h->count++;
}

static double quantile(const struct histogram *h, double q) {
    uint64_t rank = (uint64_t)((double)h->count * q + 0.999999), seen = 0;
    if (h->count == 0) return 0;
    for (int i = 0; i < 128; i++) {
        seen += h->counts[i];
        if (seen >= rank) return i < 4 ? i + 1 : (double)((uint64_t)(4 + i % 4 + 1) << (i / 4 - 1));
    }
    return 0;
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static const char *option(int argc, char **argv, const char *name, const char *fallback) {
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], name)) return argv[i + 1];
    return fallback;
}

/* The model's end: accepts connections and throws away what comes. */

static SSL_CTX *server_context(void) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!key || !certificate || !context) return NULL;
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_get_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_get_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    return context;
}

static void run_sink(int listener, enum model model) {
    static SSL *sessions[65536];
    static char discarded[65536];
    SSL_CTX *context = model == model_tls ? server_context() : NULL;
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event ready[64];
        int n = epoll_wait(epoll, ready, 64, -1);
        for (int i = 0; i < n; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) {
                int accepted = accept(listener, NULL, NULL);
                if (accepted < 0 || accepted >= 65536) continue;
                if (context) {
                    sessions[accepted] = SSL_new(context);
                    SSL_set_fd(sessions[accepted], accepted);
                    if (SSL_accept(sessions[accepted]) != 1) _exit(1);
                }
                fcntl(accepted, F_SETFL, O_NONBLOCK);
                event = (struct epoll_event){.events = EPOLLIN, .data.fd = accepted};
                epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event);
            } else {
                int got = context ? SSL_read(sessions[fd], discarded, sizeof discarded)
                                  : (int)read(fd, discarded, sizeof discarded);
                if (got == 0 && !context) close(fd);
                if (got <= 0 && context && SSL_get_error(sessions[fd], got) != SSL_ERROR_WANT_READ) close(fd);
            }
        }
    }
}

static size_t encode_base64(const uint8_t *in, size_t count, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t o = 0, i = 0;
    for (; i + 2 < count; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];
        out[o++] = digits[v >> 18 & 63];
        out[o++] = digits[v >> 12 & 63];
        out[o++] = digits[v >> 6 & 63];
        out[o++] = digits[v & 63];
    }
    if (i < count) {
        uint32_t v = (uint32_t)in[i] << 16 | (i + 1 < count ? (uint32_t)in[i + 1] << 8 : 0);
        out[o++] = digits[v >> 18 & 63];
        out[o++] = digits[v >> 12 & 63];
        out[o++] = i + 1 < count ? digits[v >> 6 & 63] : '=';
        out[o++] = '=';
    }
    return o;
}

/* A masked text frame (RFC 6455 §5.2) with an input_audio_buffer.append event. */
static size_t make_frame(const uint8_t *payload, size_t count, uint8_t *frame) {
    static const char head[] = "{\"type\":\"input_audio_buffer.append\",\"audio\":\"";
    char text[4096];
    if (count > 2000) count = 2000;
    memcpy(text, head, sizeof head - 1);
    size_t length = sizeof head - 1;
    length += encode_base64(payload, count, text + length);
    memcpy(text + length, "\"}", 2);
    length += 2;
    size_t header = 0;
    frame[header++] = 0x81;
    if (length < 126) {
        frame[header++] = 0x80 | (uint8_t)length;
    } else {
        frame[header++] = 0x80 | 126;
        frame[header++] = (uint8_t)(length >> 8);
        frame[header++] = (uint8_t)length;
    }
    uint32_t mask = (uint32_t)random();
    memcpy(frame + header, &mask, 4);
    const uint8_t *key = frame + header;
    header += 4;
    for (size_t i = 0; i < length; i++) frame[header + i] = (uint8_t)text[i] ^ key[i & 3];
    return header + length;
}

static void send_to_model(struct call *call, enum model model, const uint8_t *payload, size_t count,
                          uint64_t *frames, uint64_t *refused) {
    uint8_t frame[4200];
    size_t length = make_frame(payload, count, frame);
    int written = model == model_tls ? SSL_write(call->ssl, frame, (int)length)
                                     : (int)send(call->tcp, frame, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written == (int)length) ++*frames;
    else ++*refused;
}

static int udp_socket(int port) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0) die("UDP port");
    return fd;
}

int main(int argc, char **argv) {
    int count = atoi(option(argc, argv, "--calls", "1"));
    double seconds = atof(option(argc, argv, "--seconds", "5"));
    int port = atoi(option(argc, argv, "--port", "40000"));
    const char *name = option(argc, argv, "--model", "none");
    enum model model = !strcmp(name, "tls") ? model_tls : !strcmp(name, "plain") ? model_plain : model_none;
    if (count < 1 || count > max_calls || port < 1024) {
        fprintf(stderr, "baseline: 1 to %d calls, and a port from 1024\n", max_calls);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }

    pid_t sink = 0;
    SSL_CTX *context = NULL;
    struct sockaddr_in model_address = {.sin_family = AF_INET};
    model_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (model != model_none) {
        int listener = socket(AF_INET, SOCK_STREAM, 0);
        socklen_t size = sizeof model_address;
        if (bind(listener, (struct sockaddr *)&model_address, size) < 0 || listen(listener, 1024) < 0) die("listen");
        getsockname(listener, (struct sockaddr *)&model_address, &size);
        sink = fork();
        if (sink == 0) run_sink(listener, model);
        close(listener);
        if (model == model_tls) context = SSL_CTX_new(TLS_client_method());
    }

    int epoll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    if (epoll < 0 || timer < 0) die("epoll, timerfd");
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = UINT64_MAX};
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
    for (int i = 0; i < count; i++) {
        struct call *c = &calls[i];
        c->rtp = udp_socket(port + 2 * i);
        c->rtcp = udp_socket(port + 2 * i + 1);
        c->ssrc = (uint32_t)random();
        memset(c->payload, 0xFF, sizeof c->payload);
        event = (struct epoll_event){.events = EPOLLIN, .data.u64 = (uint64_t)i << 1};
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->rtp, &event);
        event.data.u64 |= 1;
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->rtcp, &event);
        if (model == model_none) continue;
        c->tcp = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c->tcp, (struct sockaddr *)&model_address, sizeof model_address) < 0) die("connect");
        int one = 1;
        setsockopt(c->tcp, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (model == model_tls) {
            c->ssl = SSL_new(context);
            SSL_set_fd(c->ssl, c->tcp);
            if (SSL_connect(c->ssl) != 1) die("TLS");
        }
        fcntl(c->tcp, F_SETFL, O_NONBLOCK);
    }

    /* Calls of one millisecond tick together, as on the engine's wheel. */
    static int members[phases][max_calls], sizes[phases];
    int64_t begun = (now_ns() / 1000000 + 20) * 1000000;
    for (int i = 0; i < count; i++) {
        int phase = i * 7 % phases;
        members[phase][sizes[phase]++] = i;
        calls[i].due = begun + phase * 1000000;
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
    uint64_t received = 0, sent = 0, frames = 0, refused = 0;
    int64_t end = begun + (int64_t)(seconds * 1e9), next = begun;
    fprintf(stderr, "ready\n");
    double cpu = cpu_seconds();
    while (next < end) {
        while (sizes[(next - begun) / 1000000 % phases] == 0) next += 1000000;
        struct itimerspec at = {.it_value = {next / 1000000000, next % 1000000000}};
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
        struct epoll_event ready[64];
        int n = epoll_wait(epoll, ready, 64, -1);
        int64_t now = now_ns();
        while (next <= now) {
            int phase = (int)((next - begun) / 1000000 % phases);
            for (int m = 0; m < sizes[phase]; m++) {
                struct call *c = &calls[members[phase][m]];
                if (c->has_peer) {
                    uint8_t packet[12 + payload_size];
                    uint16_t sequence = htons(c->sequence);
                    uint32_t timestamp = htonl(c->timestamp), ssrc = htonl(c->ssrc);
                    packet[0] = 0x80;
                    packet[1] = 0;
                    memcpy(packet + 2, &sequence, 2);
                    memcpy(packet + 4, &timestamp, 4);
                    memcpy(packet + 8, &ssrc, 4);
                    memcpy(packet + 12, c->payload, payload_size);
                    struct iovec part = {packet, sizeof packet};
                    struct msghdr message = {.msg_name = &c->peer, .msg_namelen = sizeof c->peer, .msg_iov = &part,
                                             .msg_iovlen = 1};
                    if (sendmsg(c->rtp, &message, MSG_DONTWAIT) > 0) sent++;
                    c->sequence++;
                }
                c->timestamp += payload_size;
                record(&lateness, now_ns() - c->due);
                c->due += 20000000;
            }
            next += 1000000;
        }
        for (int e = 0; e < n; e++) {
            if (ready[e].data.u64 == UINT64_MAX) continue;
            struct call *c = &calls[ready[e].data.u64 >> 1];
            int is_control = ready[e].data.u64 & 1;
            for (int m = 0; m < batch; m++) messages[m].msg_hdr.msg_namelen = sizeof sources[m];
            int got = recvmmsg(is_control ? c->rtcp : c->rtp, messages, batch, MSG_DONTWAIT, NULL);
            for (int m = 0; m < got && !is_control; m++) {
                size_t length = messages[m].msg_len;
                if (length < 12 || buffers[m][0] >> 6 != 2) continue;
                received++;
                c->peer = sources[m];
                c->has_peer = 1;
                size_t payload = length - 12;
                memcpy(c->payload, buffers[m] + 12, payload < payload_size ? payload : payload_size);
                if (model != model_none) send_to_model(c, model, buffers[m] + 12, payload, &frames, &refused);
            }
        }
    }
    cpu = cpu_seconds() - cpu;
    printf("{\"calls\":%d,\"seconds\":%.1f,\"model\":\"%s\",\"realtime\":%s,\"cpu_seconds\":%.4f,\"cpu_percent_per_call\":%.4f,"
           "\"packets_received\":%llu,\"packets_sent\":%llu,\"frames_sent\":%llu,\"frames_refused\":%llu,"
           "\"tick_lateness_us\":{\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f}}\n",
           count, seconds, model == model_none ? "none" : name, realtime ? "true" : "false", cpu, 100 * cpu / seconds / count,
           (unsigned long long)received, (unsigned long long)sent, (unsigned long long)frames,
           (unsigned long long)refused, quantile(&lateness, 0.5), quantile(&lateness, 0.99),
           quantile(&lateness, 0.999));
    if (sink > 0) {
        kill(sink, SIGKILL);
        waitpid(sink, NULL, 0);
    }
    return 0;
}
