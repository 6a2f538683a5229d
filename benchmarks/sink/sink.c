/* A mail server and an ESP that accept everything at once, so that neither bounds what is measured.
 *
 *     sink STATE
 *
 * One thread, epoll. SMTP on one free port of 127.0.0.1 and Postmark's HTTP API (/email and
 * /email/batch) on another. STATE is a file that the harness made and maps as well: both sides talk
 * through it, so that watching the sink costs it nothing (see benchmarks/sink/state.py, which holds
 * the same layout). Each answer is held back for `latency` nanoseconds.
 *
 * A mail is known by the number that ends its recipient's local part (mail-000123@example.com):
 * the time of its first arrival is kept, further ones are counted as doubled.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 4096, READ_SIZE = 65536, HEADER_WORDS = 128 };
enum { READY, SMTP_PORT, HTTP_PORT, LATENCY, ACCEPTED, DISTINCT, DOUBLED, BYTES, OPENED, UNNUMBERED,
       REQUESTS, CAPACITY };

typedef struct {
    char *data;
    size_t length, room;
} Buffer;

typedef struct {
    int open, http, in_data, closing;
    uint32_t generation;
    long number; /* of the recipient named last; -1: it has none */
    Buffer in, out;
} Connection;

typedef struct Answer {
    struct Answer *next;
    uint64_t due;
    int file;
    uint32_t generation;
    int closing;
    size_t length;
    char data[];
} Answer;

static volatile uint64_t *state;
static Connection connections[CONNECTIONS];
static Answer *first_answer, *last_answer;
static uint64_t serial;

static uint64_t now_ns(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void append(Buffer *buffer, const char *data, size_t length) {
    if (buffer->length + length > buffer->room) {
        buffer->room = (buffer->length + length) * 2;
        buffer->data = realloc(buffer->data, buffer->room);
        if (!buffer->data) abort();
    }
    memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
}

static void say(Buffer *buffer, const char *text) { append(buffer, text, strlen(text)); }

static void consume(Buffer *buffer, size_t length) {
    buffer->length -= length;
    memmove(buffer->data, buffer->data + length, buffer->length);
}

static void close_connection(int file) {
    connections[file].open = 0;
    connections[file].generation++;
    connections[file].in.length = connections[file].out.length = 0;
    close(file);
}

/* --- what has arrived ------------------------------------------------------------------------ */

static long number_of(const char *text, size_t length) {
    const char *at = memrchr(text, '@', length);
    if (!at) return -1;
    const char *digits = at;
    while (digits > text && isdigit((unsigned char)digits[-1])) digits--;
    return digits == at ? -1 : strtol(digits, NULL, 10);
}

static void accept_mail(long number, size_t bytes) {
    volatile uint64_t *times = state + HEADER_WORDS;
    state[BYTES] += bytes;
    if (number < 0 || (uint64_t)number >= state[CAPACITY]) {
        state[UNNUMBERED]++;
    } else if (times[number]) {
        state[DOUBLED]++;
    } else {
        times[number] = now_ns();
        state[DISTINCT]++;
    }
    state[ACCEPTED]++;
}

/* --- SMTP ------------------------------------------------------------------------------------ */

static int verb(const char *line, const char *name) { return !strncasecmp(line, name, strlen(name)); }

static void obey(Connection *one, const char *line, size_t length) {
    if (verb(line, "EHLO")) {
        say(&one->out, "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
                       "250-SIZE 33554432\r\n250 ENHANCEDSTATUSCODES\r\n");
    } else if (verb(line, "RCPT")) {
        one->number = number_of(line, length);
        say(&one->out, "250 2.1.5 Ok\r\n");
    } else if (verb(line, "DATA")) {
        one->in_data = 1;
        say(&one->out, "354 Go ahead\r\n");
    } else if (verb(line, "QUIT")) {
        one->closing = 1;
        say(&one->out, "221 2.0.0 Bye\r\n");
    } else {
        say(&one->out, "250 2.0.0 Ok\r\n");
    }
}

static int end_of_data(Buffer *in, size_t *body, size_t *whole) {
    if (in->length >= 3 && !memcmp(in->data, ".\r\n", 3)) {
        *body = 0, *whole = 3;
        return 1;
    }
    char *end = memmem(in->data, in->length, "\r\n.\r\n", 5);
    if (!end) return 0;
    *body = (size_t)(end - in->data) + 2, *whole = *body + 3;
    return 1;
}

static void speak_smtp(Connection *one) {
    char text[80];
    size_t body, whole;
    while (one->in.length) {
        if (one->in_data) {
            if (!end_of_data(&one->in, &body, &whole)) return;
            accept_mail(one->number, body);
            consume(&one->in, whole);
            one->in_data = 0;
            snprintf(text, sizeof text, "250 2.0.0 Ok: queued as %012llX\r\n",
                     (unsigned long long)++serial);
            say(&one->out, text);
            continue;
        }
        char *end = memchr(one->in.data, '\n', one->in.length);
        if (!end) return;
        *end = 0;
        obey(one, one->in.data, (size_t)(end - one->in.data));
        consume(&one->in, (size_t)(end - one->in.data) + 1);
    }
}

/* --- Postmark over HTTP ---------------------------------------------------------------------- */

static const char *string_end(const char *from, const char *end) { /* from: behind the quote */
    while (from < end && *from != '"') from += *from == '\\' ? 2 : 1;
    return from;
}

/* Answer each "To" outside of other strings, which in Postmark's JSON is once per mail. */
static size_t answer_mails(Buffer *answer, const char *from, const char *end) {
    size_t mails = 0;
    char text[200];
    for (const char *at = from; at < end; at++) {
        if (*at != '"') continue;
        const char *name = at + 1, *name_end = string_end(name, end);
        at = name_end;
        if (name_end - name != 2 || memcmp(name, "To", 2)) continue;
        const char *value = memchr(name_end + 1, '"', (size_t)(end - name_end - 1));
        if (!value) break;
        const char *value_end = string_end(value + 1, end);
        size_t length = (size_t)(value_end - value - 1);
        accept_mail(number_of(value + 1, length), 0);
        say(answer, mails++ ? ",{\"To\":\"" : "{\"To\":\"");
        append(answer, value + 1, length);
        snprintf(text, sizeof text,
                 "\",\"SubmittedAt\":\"2026-03-14T09:26:53.0000000Z\","
                 "\"MessageID\":\"0a129aee-e1cd-480d-b08d-%012llx\",\"ErrorCode\":0,\"Message\":\"OK\"}",
                 (unsigned long long)++serial);
        say(answer, text);
        at = value_end;
    }
    return mails;
}

static const char *header(const char *head, const char *end, const char *name) {
    for (const char *line = head; (line = memchr(line, '\n', (size_t)(end - line)));) {
        if (++line >= end) break;
        if (!strncasecmp(line, name, strlen(name))) return line + strlen(name);
    }
    return NULL;
}

static void speak_http(Connection *one) {
    static Buffer answer;
    char text[200];
    for (;;) {
        char *blank = memmem(one->in.data, one->in.length, "\r\n\r\n", 4);
        if (!blank) return;
        char *body = blank + 4;
        const char *stated = header(one->in.data, blank, "content-length:");
        size_t length = stated ? strtoul(stated, NULL, 10) : 0;
        if ((size_t)(one->in.data + one->in.length - body) < length) return;
        const char *wish = header(one->in.data, blank, "connection:");
        int closing = wish && strcasestr(wish, "close") && strcasestr(wish, "close") < blank;
        char *line_end = memchr(one->in.data, '\r', one->in.length);
        int batch = memmem(one->in.data, (size_t)(line_end - one->in.data), "/batch", 6) != NULL;
        answer.length = 0;
        if (batch) say(&answer, "[");
        answer_mails(&answer, body, body + length);
        if (batch) say(&answer, "]");
        if (!answer.length) say(&answer, "{}");
        state[REQUESTS]++;
        state[BYTES] += length;
        snprintf(text, sizeof text,
                 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n",
                 answer.length, closing ? "Connection: close\r\n" : "");
        say(&one->out, text);
        append(&one->out, answer.data, answer.length);
        one->closing |= closing;
        consume(&one->in, (size_t)(body - one->in.data) + length);
    }
}

/* --- answering ------------------------------------------------------------------------------- */

static void write_all(int file, const char *data, size_t length) {
    while (length) {
        ssize_t written = write(file, data, length);
        if (written < 0) {
            if (errno == EINTR || errno == EAGAIN) continue; /* answers are short: room is near */
            return;
        }
        data += written, length -= (size_t)written;
    }
}

static void answer(int file) {
    Connection *one = &connections[file];
    if (!one->out.length) return;
    uint64_t latency = state[LATENCY];
    if (!latency) {
        write_all(file, one->out.data, one->out.length);
        one->out.length = 0;
        if (one->closing) close_connection(file);
        return;
    }
    Answer *later = malloc(sizeof *later + one->out.length);
    if (!later) abort();
    *later = (Answer){.due = now_ns() + latency, .file = file, .generation = one->generation,
                      .closing = one->closing, .length = one->out.length};
    memcpy(later->data, one->out.data, one->out.length);
    one->out.length = 0;
    if (last_answer) last_answer->next = later; else first_answer = later;
    last_answer = later;
}

/* Give what is due, and have the timer wake us for what is not. */
static void give_answers(int timer) {
    while (first_answer) {
        Answer *one = first_answer;
        if (one->due > now_ns()) {
            struct itimerspec at = {.it_value = {.tv_sec = (time_t)(one->due / 1000000000u),
                                                 .tv_nsec = (long)(one->due % 1000000000u)}};
            timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
            return;
        }
        Connection *to = &connections[one->file];
        if (to->open && to->generation == one->generation) {
            write_all(one->file, one->data, one->length);
            if (one->closing) close_connection(one->file);
        }
        first_answer = one->next;
        if (!first_answer) last_answer = NULL;
        free(one);
    }
}

static void hear(int file) {
    static char chunk[READ_SIZE];
    Connection *one = &connections[file];
    for (;;) {
        ssize_t got = read(file, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) break;
        if (got <= 0) {
            close_connection(file);
            return;
        }
        append(&one->in, chunk, (size_t)got);
        if (got < (ssize_t)sizeof chunk) break;
    }
    if (one->http) speak_http(one); else speak_smtp(one);
    answer(file);
}

/* --- connections ----------------------------------------------------------------------------- */

static int listen_on(uint64_t *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file < 0 || bind(file, (void *)&address, sizeof address) || listen(file, 1024) ||
        getsockname(file, (void *)&address, &length)) {
        perror("sink");
        exit(1);
    }
    *port = ntohs(address.sin_port);
    return file;
}

static void welcome(int epoll, int listener, int http) {
    int file, yes = 1;
    while ((file = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (file >= CONNECTIONS) {
            close(file);
            continue;
        }
        Connection *one = &connections[file];
        one->open = 1, one->http = http, one->in_data = one->closing = 0, one->number = -1;
        setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = file};
        epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event);
        state[OPENED]++;
        if (!http) {
            say(&one->out, "220 sink.test ESMTP\r\n");
            answer(file);
        }
    }
}

static void map_state(const char *path) {
    struct stat about;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0 || fstat(file, &about)) {
        perror(path);
        exit(1);
    }
    state = mmap(NULL, (size_t)about.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (state == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    state[CAPACITY] = (uint64_t)about.st_size / 8 - HEADER_WORDS;
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: sink STATE\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    map_state(arguments[1]);
    uint64_t ports[2];
    int listeners[2], epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int http = 0; http < 2; http++) {
        listeners[http] = listen_on(&ports[http]);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = listeners[http]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, listeners[http], &event);
    }
    state[SMTP_PORT] = ports[0], state[HTTP_PORT] = ports[1], state[READY] = 1;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event events[256], tick = {.events = EPOLLIN, .data.fd = timer};
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &tick);
    for (;;) {
        give_answers(timer);
        int found = epoll_wait(epoll, events, 256, -1);
        for (int n = 0; n < found; n++) {
            int file = events[n].data.fd;
            if (file == timer) {
                uint64_t times;
                if (read(timer, &times, sizeof times) < 0) continue; /* set anew meanwhile */
            } else if (file == listeners[0] || file == listeners[1]) {
                welcome(epoll, file, file == listeners[1]);
            } else if (connections[file].open) {
                hear(file);
            }
        }
    }
}
