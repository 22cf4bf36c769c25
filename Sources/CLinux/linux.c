#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { batch_count = 16, datagram_size = 2048 };

static int64_t nanoseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clinux_monotonic_nanoseconds(void) { return nanoseconds(CLOCK_MONOTONIC); }
int64_t clinux_realtime_nanoseconds(void) { return nanoseconds(CLOCK_REALTIME); }

/* Addresses */

static uint64_t load64(const uint8_t *bytes) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value = value << 8 | bytes[i];
    return value;
}

static void store64(uint8_t *bytes, uint64_t value) {
    for (int i = 7; i >= 0; i--, value >>= 8) bytes[i] = (uint8_t)value;
}

static void from_sockaddr(const struct sockaddr_storage *storage, struct clinux_address *address) {
    memset(address, 0, sizeof *address);
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)storage;
        address->low = ntohl(in->sin_addr.s_addr);
        address->port = ntohs(in->sin_port);
        address->family = 4;
    } else if (storage->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)storage;
        address->port = ntohs(in6->sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
            address->low = load64(in6->sin6_addr.s6_addr + 8) & 0xFFFFFFFF;
            address->family = 4;
        } else {
            address->high = load64(in6->sin6_addr.s6_addr);
            address->low = load64(in6->sin6_addr.s6_addr + 8);
            address->family = 6;
        }
    }
}

static socklen_t to_sockaddr(const struct clinux_address *address, struct sockaddr_storage *storage) {
    memset(storage, 0, sizeof *storage);
    if (address->family == 6) {
        struct sockaddr_in6 *in6 = (void *)storage;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(address->port);
        store64(in6->sin6_addr.s6_addr, address->high);
        store64(in6->sin6_addr.s6_addr + 8, address->low);
        return sizeof *in6;
    }
    struct sockaddr_in *in = (void *)storage;
    in->sin_family = AF_INET;
    in->sin_port = htons(address->port);
    in->sin_addr.s_addr = htonl((uint32_t)address->low);
    return sizeof *in;
}

int clinux_address_parse(const char *text, uint16_t port, struct clinux_address *address) {
    struct in_addr in;
    struct in6_addr in6;
    memset(address, 0, sizeof *address);
    address->port = port;
    if (inet_pton(AF_INET, text, &in) == 1) {
        address->low = ntohl(in.s_addr);
        address->family = 4;
        return 0;
    }
    if (inet_pton(AF_INET6, text, &in6) == 1) {
        address->high = load64(in6.s6_addr);
        address->low = load64(in6.s6_addr + 8);
        address->family = 6;
        return 0;
    }
    return -EINVAL;
}

void clinux_address_format(const struct clinux_address *address, char *text) {
    text[0] = 0;
    if (address->family == 4) {
        struct in_addr in = {htonl((uint32_t)address->low)};
        inet_ntop(AF_INET, &in, text, 46);
    } else if (address->family == 6) {
        struct in6_addr in6;
        store64(in6.s6_addr, address->high);
        store64(in6.s6_addr + 8, address->low);
        inet_ntop(AF_INET6, &in6, text, 46);
    }
}

/* UDP */

int clinux_udp_open(const struct clinux_address *address) {
    struct sockaddr_storage storage;
    socklen_t length = to_sockaddr(address, &storage);
    int descriptor = socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int service = IPTOS_DSCP_EF;
    /* A kernel that refuses the mark still carries the audio. */
    if (storage.ss_family == AF_INET6) {
        (void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_TCLASS, &service, sizeof service);
    } else {
        (void)setsockopt(descriptor, IPPROTO_IP, IP_TOS, &service, sizeof service);
    }
    if (bind(descriptor, (struct sockaddr *)&storage, length) < 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

uint16_t clinux_udp_port(int descriptor) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    if (getsockname(descriptor, (struct sockaddr *)&storage, &length) < 0) return 0;
    struct clinux_address address;
    from_sockaddr(&storage, &address);
    return address.port;
}

void clinux_close(int descriptor) { close(descriptor); }

int clinux_udp_send(int descriptor, const void *data, size_t size, const struct clinux_address *to) {
    struct sockaddr_storage storage;
    socklen_t length = to_sockaddr(to, &storage);
    ssize_t sent = sendto(descriptor, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&storage, length);
    return sent < 0 ? -errno : (int)sent;
}

struct clinux_batch {
    struct mmsghdr messages[batch_count];
    struct iovec parts[batch_count];
    struct sockaddr_storage sources[batch_count];
    uint8_t data[batch_count][datagram_size];
};

struct clinux_batch *clinux_batch_create(void) {
    struct clinux_batch *batch = calloc(1, sizeof *batch);
    if (!batch) return NULL;
    for (int i = 0; i < batch_count; i++) {
        batch->parts[i].iov_base = batch->data[i];
        batch->parts[i].iov_len = datagram_size;
        batch->messages[i].msg_hdr.msg_iov = &batch->parts[i];
        batch->messages[i].msg_hdr.msg_iovlen = 1;
        batch->messages[i].msg_hdr.msg_name = &batch->sources[i];
    }
    return batch;
}

void clinux_batch_destroy(struct clinux_batch *batch) { free(batch); }

int clinux_batch_receive(struct clinux_batch *batch, int descriptor) {
    for (int i = 0; i < batch_count; i++) {
        batch->messages[i].msg_hdr.msg_namelen = sizeof batch->sources[i];
        batch->messages[i].msg_hdr.msg_flags = 0;
    }
    int count = recvmmsg(descriptor, batch->messages, batch_count, MSG_DONTWAIT, NULL);
    return count < 0 ? -errno : count;
}

const void *clinux_batch_datagram(struct clinux_batch *batch, int index, size_t *length, struct clinux_address *from) {
    struct mmsghdr *message = &batch->messages[index];
    *length = message->msg_hdr.msg_flags & MSG_TRUNC ? 0 : message->msg_len;
    from_sockaddr(&batch->sources[index], from);
    return batch->data[index];
}

/* Readiness, timers, wake-ups */

int clinux_epoll_create(void) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    return epoll < 0 ? -errno : epoll;
}

int clinux_epoll_add(int epoll, int descriptor, uint64_t token, int edge) {
    struct epoll_event event = {.events = EPOLLIN | (edge ? (uint32_t)EPOLLET : 0), .data.u64 = token};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) < 0 ? -errno : 0;
}

int clinux_epoll_remove(int epoll, int descriptor) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL) < 0 ? -errno : 0;
}

int clinux_epoll_wait(int epoll, uint64_t *tokens) {
    struct epoll_event events[clinux_epoll_capacity];
    int count = epoll_wait(epoll, events, clinux_epoll_capacity, -1);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) tokens[i] = events[i].data.u64;
    return count;
}

int clinux_timer_create(void) {
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return timer < 0 ? -errno : timer;
}

int clinux_timer_arm(int timer, int64_t nanoseconds) {
    struct itimerspec value = {
        .it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &value, NULL) < 0 ? -errno : 0;
}

int clinux_event_create(void) {
    int event = eventfd(0, EFD_CLOEXEC);
    return event < 0 ? -errno : event;
}

void clinux_event_signal(int event) { (void)eventfd_write(event, 1); }

void clinux_event_wait(int event, int milliseconds) {
    eventfd_t value;
    struct pollfd watched = {.fd = event, .events = POLLIN};
    if (milliseconds < 0 || poll(&watched, 1, milliseconds) > 0) (void)eventfd_read(event, &value);
}

/* Threads */

void clinux_rest(int64_t nanoseconds) {
    struct timespec length = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL);
}

void clinux_thread_name(const char *name) {
    char cut[16] = {0};
    strncpy(cut, name, sizeof cut - 1);
    (void)pthread_setname_np(pthread_self(), cut);
}

int clinux_thread_realtime(void) {
    struct sched_param parameters = {.sched_priority = sched_get_priority_min(SCHED_RR)};
    return -pthread_setschedparam(pthread_self(), SCHED_RR, &parameters);
}

int clinux_thread_prefer(void) {
    id_t thread = (id_t)syscall(SYS_gettid);
    return setpriority(PRIO_PROCESS, thread, -10) < 0 ? -errno : 0;
}
