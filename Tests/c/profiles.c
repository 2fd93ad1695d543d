/* The configuration file: whose profile a client takes, what wins, and files that nobody should believe. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A copy of what a report says; yours to free. */
static char *text_of(aigc_buffer *buffer)
{
    char *copy = strndup(aigc_buffer_data(buffer), aigc_buffer_size(buffer));
    if (!copy) die("out of memory");
    aigc_buffer_free(buffer);
    return copy;
}

static void write_file(const char *path, const char *text, size_t size)
{
    FILE *file;
    unlink(path);
    file = fopen(path, "wb");
    if (!file || fwrite(text, 1, size, file) != size || fclose(file)) die("cannot write %s", path);
    if (chmod(path, 0600)) die("chmod failed");
}

static void write_text(const char *path, const char *text) { write_file(path, text, strlen(text)); }

/* A client of nothing but the environment and the file must be refused, with words that say why. */
static void refused(aigc_status expected, const char *words, const char *what)
{
    aigc_client *client = NULL;
    aigc_error *error = NULL;
    aigc_status status = aigc_client_new(NULL, &client, &error);
    const char *message = aigc_error_message(error);
    ok(status == expected && !client && message && strstr(message, words), "%s: %s", what, message ? message : "accepted");
    if (message) ok(!strchr(message, '\n') && strlen(message) <= 4000, "%s: the message is one line of bounded length", what);
    aigc_error_free(error);
    aigc_client_free(client);
}

/* Whether the report of a client (profile: the key, or NULL) holds a text. */
static int client_says(const char *profile, const char *key, const char *value, const char *words)
{
    aigc_config *config = NULL;
    aigc_client *client = NULL;
    aigc_buffer *report = NULL;
    aigc_error *error = NULL;
    char *said;
    int found;
    if (aigc_config_new(&config, NULL)) die("no configuration");
    if (profile) test_set(config, "profile", profile);
    if (key) test_set(config, key, value);
    if (aigc_client_new(config, &client, &error)) die("aigc_client_new: %s", aigc_error_message(error));
    if (aigc_client_report(client, &report, NULL)) die("no report");
    said = text_of(report);
    found = strstr(said, words) != NULL;
    if (!found) fprintf(stderr, "# the report: %s\n", said);
    free(said);
    aigc_client_free(client);
    aigc_config_free(config);
    return found;
}

static const char *const GOOD =
    "provider = \"tencent\"\nprofile = \"work\"\n"
    "[profiles.work]\ntencent.endpoint = \"https://work.example\"\npoll.max_ms = 2_000\nhttp.proxy = \"http://me:pw@p.example\"\n"
    "[profiles.work.operations.tencent.aigc_image]\ncount = 2\n"
    "[profiles.play]\n[profiles.play.tencent]\nendpoint = 'https://play.example'\n";

static void what_wins(const char *file)
{
    aigc_buffer *report = NULL;
    aigc_config *config = NULL;
    aigc_error *error = NULL;
    char *said;
    write_text(file, GOOD);
    ok(client_says(NULL, NULL, NULL, "https://work.example"), "the file's own choice");
    ok(client_says("play", NULL, NULL, "https://play.example"), "the key profile");
    ok(client_says("none", NULL, NULL, "\"profile\":null"), "the key profile says none");
    setenv("AIGC_PROFILE", "play", 1);
    ok(client_says(NULL, NULL, NULL, "https://play.example"), "the variable AIGC_PROFILE");
    ok(client_says("work", NULL, NULL, "https://work.example"), "the key wins over the variable");
    setenv("AIGC_PROFILE", "none", 1);
    ok(client_says(NULL, NULL, NULL, "\"profile\":null"), "the variable says none");
    setenv("AIGC_PROFILE", "", 1);
    ok(client_says(NULL, NULL, NULL, "https://work.example"), "an empty variable says nothing");
    unsetenv("AIGC_PROFILE");
    setenv("AIGC_TENCENT_ENDPOINT", "https://variable.example", 1);
    ok(client_says(NULL, NULL, NULL, "https://variable.example"), "a variable wins over the profile");
    ok(client_says(NULL, "tencent.endpoint", "https://key.example", "https://key.example"), "a key wins over both");
    unsetenv("AIGC_TENCENT_ENDPOINT");
    if (aigc_config_new(&config, NULL)) die("no configuration");
    test_set(config, "poll.max_ms", "3000");
    test_set(config, "tencent.secret_key", "hush-hush-hush");
    if (aigc_config_report(config, &report, NULL)) die("no report");
    said = text_of(report);
    ok(strstr(said, "\"key\":\"poll.max_ms\",\"value\":\"3000\",\"source\":\"program\"") != NULL, "the source is the program");
    ok(strstr(said, "\"key\":\"tencent.endpoint\",\"value\":\"https://work.example\",\"source\":\"profile work\"") != NULL,
       "the source is a profile");
    ok(strstr(said, "\"name\":\"count\",\"value\":2") != NULL, "a field of requests");
    ok(strstr(said, "http://(user)@p.example") && !strstr(said, "pw@") && !strstr(said, "hush"), "no secret is shown");
    free(said);
    aigc_config_free(config);
    ok_status(aigc_config_report(NULL, NULL, &error), AIGC_E_INVALID_ARGUMENT, &error, "a report needs a place");
    setenv("AIGC_CONFIG_FILE", "none", 1);
    ok(client_says(NULL, NULL, NULL, "\"file\":null"), "AIGC_CONFIG_FILE switches the file off");
    setenv("AIGC_PROFILE", "work", 1);
    refused(AIGC_E_INVALID_ARGUMENT, "no configuration file", "a profile without a file");
    unsetenv("AIGC_PROFILE");
    setenv("AIGC_CONFIG_FILE", file, 1);
}

/* The usual place: a file that nobody has named changes nothing where there is none. */
static void usual_place(const char *file)
{
    char *home = scratch("home"), *config = scratch("home/.config"), *aigc = scratch("home/.config/aigc");
    char *usual = scratch("home/.config/aigc/config.toml");
    unsetenv("AIGC_CONFIG_FILE");
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", home, 1);
    ok(client_says(NULL, NULL, NULL, "\"read\":false"), "no home directory changes nothing");
    if (mkdir(home, 0700) || mkdir(config, 0700) || mkdir(aigc, 0700)) die("mkdir failed");
    ok(client_says(NULL, NULL, NULL, "\"read\":false"), "no file changes nothing");
    write_text(usual, GOOD);
    ok(client_says(NULL, NULL, NULL, "https://work.example"), "the file below HOME");
    setenv("XDG_CONFIG_HOME", home, 1);
    ok(client_says(NULL, NULL, NULL, "\"read\":false"), "XDG_CONFIG_HOME is another place");
    setenv("XDG_CONFIG_HOME", config, 1);
    ok(client_says(NULL, NULL, NULL, "https://work.example"), "the file below XDG_CONFIG_HOME");
    unsetenv("XDG_CONFIG_HOME");
    unlink(usual);
    if (symlink("/nonexistent/config.toml", usual)) die("symlink failed");
    refused(AIGC_E_FILE, "a link to a file that is not there", "a link that leads nowhere");
    unlink(usual);
    write_text(file, GOOD);
    if (symlink(file, usual)) die("symlink failed");
    ok(client_says(NULL, NULL, NULL, "https://work.example"), "a link to a file");
    unlink(usual);
    if (geteuid() == 0) {
        pid_t child;
        int status = 0;
        chmod(home, 0700);
        fflush(stdout);
        child = fork();
        if (child == 0) {
            aigc_client *client = NULL;
            if (setgid(65534) || setuid(65534)) _exit(3);
            _exit(aigc_client_new(NULL, &client, NULL) == AIGC_OK ? 0 : 1);
        }
        if (waitpid(child, &status, 0) != child) die("waitpid failed");
        ok(status == 0, "a home directory that is closed to this user holds no file of this user (%d)", status);
    } else {
        skip("a closed home directory: this is not root");
    }
    setenv("AIGC_CONFIG_FILE", file, 1);
    free(home), free(config), free(aigc), free(usual);
}

static void odd_files(const char *file)
{
    static char big[10 << 20];
    char *folder = scratch("folder.toml"), *fifo = scratch("fifo.toml"), *place = scratch("sock.toml"), *deep;
    struct sockaddr_un address = {0};
    int sock;
    size_t i;
    static const struct {
        const char *text, *words;
    } texts[] = {
        {"profile = \"work\n", "line 1, column 11: it is no TOML: the text has no end"},
        {"[profiles.default]\r\npoll.max_ms = 1\r\npoll.max_ms = 2\r\n", "line 3, column 6: it is no TOML: max_ms stands there"},
        {"[profiles.default]\npoll.max_ms = 99999999999999999999\n", "line 2, column 15: it is no TOML: the number does not"},
        {"[profiles.default]\npoll.max_ms = 9223372036854775807\n", "a whole number from 10"},
        {"[profiles.default]\njournal.path = 1979-05-27\n", "dates and times mean nothing here"},
        {"[profiles.default]\njournal.path = \"cats\"\n", "no full path"},
        {"[profiles.default]\ntencent.secret_key = \"hush\"\n", "belongs in the environment"},
        {"[profiles.default]\ntencent.regoin = \"x\"\n", "did you mean \"tencent.region\""},
        {"profile = \"wrok\"\n[profiles.work]\n", "did you mean \"work\""},
        {"profil = \"work\"\n", "did you mean \"profile\""},
        {"[[profiles.default]]\n", "list of tables, and no table"},
        {"[profiles.default]\nhttp.user_agent = \"\\u000a\"\n", "control character"},
        {"[profiles.default.operations.tencent.aigc_image]\nseed = 1\nseed = 2\n", "stands there already in line 2"},
        {"\xff\xfe", "it is no UTF-8 (byte 0)"},
        {"[profiles.default]\n# caf\xe9\n", "line 2, column 6: it is no TOML: it is no UTF-8 (byte 24)"},
    };
    for (i = 0; i < COUNT_OF(texts); i++) {
        write_text(file, texts[i].text);
        refused(AIGC_E_INVALID_ARGUMENT, texts[i].words, "a text that means nothing");
    }
    write_file(file, "[profiles.default]\n\0", 20);
    refused(AIGC_E_INVALID_ARGUMENT, "line 2, column 1: it is no TOML: there is a control character", "a NUL");
    write_text(file, "\xef\xbb\xbf[profiles.default]\r\ntencent.endpoint = \"https://bom.example\"\r\n");
    ok(client_says(NULL, NULL, NULL, "https://bom.example"), "the mark of an encoding, and lines that end like those of DOS");
    memset(big, '#', sizeof(big));
    write_file(file, big, sizeof(big));
    refused(AIGC_E_FILE, "larger than 1048576 bytes", "ten megabytes");
    memset(big, '[', 1 << 20);
    memcpy(big, "a = ", 4);
    write_file(file, big, 1 << 20);
    refused(AIGC_E_INVALID_ARGUMENT, "nested deeper than 32", "a million brackets");
    deep = scratch("deep.toml");
    for (i = 0; i < 1 << 19; i++) memcpy(big + 2 * i, "a.", 2);
    write_file(file, big, 1 << 20);
    refused(AIGC_E_INVALID_ARGUMENT, "nested deeper than 32", "half a million names in one");
    write_text(file, "");
    ok(client_says(NULL, NULL, NULL, "\"read\":true"), "an empty file");

    write_text(file, GOOD);
    chmod(file, 0620);
    refused(AIGC_E_FILE, "can be written by other users", "a file that the group can write");
    chmod(file, 0602);
    refused(AIGC_E_FILE, "chmod go-w", "a file that everybody can write");
    chmod(file, 0644);
    ok(client_says(NULL, NULL, NULL, "https://work.example"), "a file that everybody can read");
    if (geteuid() == 0) {
        if (chown(file, 65534, 65534)) die("chown failed");
        refused(AIGC_E_FILE, "belong to the user who runs this program", "a file of another user");
    } else {
        skip("a file of another user: this is not root");
    }
    if (mkdir(folder, 0700) || mkfifo(fifo, 0600)) die("mkdir or mkfifo failed");
    setenv("AIGC_CONFIG_FILE", folder, 1);
    refused(AIGC_E_FILE, "not a regular file", "a folder");
    setenv("AIGC_CONFIG_FILE", fifo, 1);
    refused(AIGC_E_FILE, "not a regular file", "a FIFO, which is not waited for");
    setenv("AIGC_CONFIG_FILE", "/dev/zero", 1);
    refused(AIGC_E_FILE, "not a regular file", "a device without an end");
    sock = socket(AF_UNIX, SOCK_STREAM, 0);
    address.sun_family = AF_UNIX;
    if (strlen(place) < sizeof(address.sun_path)) {
        strcpy(address.sun_path, place);
        if (bind(sock, (struct sockaddr *)&address, sizeof(address))) die("bind failed");
        setenv("AIGC_CONFIG_FILE", place, 1);
        refused(AIGC_E_FILE, "cannot be read", "a socket");
    }
    close(sock);
    setenv("AIGC_CONFIG_FILE", deep, 1);
    refused(AIGC_E_FILE, "there is no such file", "a file that is named and not there");
    setenv("AIGC_CONFIG_FILE", "\xff.toml", 1);
    refused(AIGC_E_INVALID_ARGUMENT, "AIGC_CONFIG_FILE is no UTF-8", "a name that is no UTF-8");
    setenv("AIGC_CONFIG_FILE", file, 1);
    if (geteuid() == 0 && chown(file, 0, 0)) die("chown failed");
    free(folder), free(fifo), free(place), free(deep);
}

/* Fields of the profile reach the wire; what a request sets itself wins. */
static void fields_of_requests(const char *file)
{
    aigc_client *client;
    aigc_request *request;
    aigc_job *job = NULL;
    aigc_error *error = NULL;
    write_text(file, "[profiles.two.operations.tencent.aigc_image]\ncount = 2\n");
    client = test_client_with("profile", "two");
    request = test_request(AIGC_TENCENT, "");
    ok_status(aigc_client_submit(client, request, &job, &error), AIGC_OK, &error, "a request that sets no count");
    ok_status(aigc_job_wait(job, 60000, &error), AIGC_OK, &error, "its job ends");
    ok(aigc_job_asset_count(job) == 2, "the profile's count is sent");
    aigc_job_free(job);
    if (aigc_request_set_int(request, "count", 1, NULL)) die("count is refused");
    ok_status(aigc_client_submit(client, request, &job, &error), AIGC_OK, &error, "a request that sets its count");
    ok_status(aigc_job_wait(job, 60000, &error), AIGC_OK, &error, "its job ends");
    ok(aigc_job_asset_count(job) == 1, "the request's own count wins");
    aigc_job_free(job);
    aigc_request_free(request);
    aigc_client_free(client);
}

int main(void)
{
    char *file = scratch("config.toml");
    const char *const variables[] = {"AIGC_PROFILE",   "AIGC_TENCENT_ENDPOINT", "AIGC_ALIBABA_ENDPOINT",
                                     "AIGC_CA_FILE",   "AIGC_JOURNAL",          "AIGC_ALLOW_PRIVATE_ADDRESSES",
                                     "XDG_CONFIG_HOME"};
    char *journal = scratch("journal");
    size_t i;
    for (i = 0; i < COUNT_OF(variables); i++) unsetenv(variables[i]);
    alarm(110); /* a FIFO that is waited for */
    setenv("AIGC_CONFIG_FILE", file, 1);
    what_wins(file);
    odd_files(file);
    usual_place(file);
    fields_of_requests(file);
    setenv("AIGC_CONFIG_FILE", "none", 1);
    setenv("AIGC_JOURNAL", journal, 1);
    ok(client_says(NULL, NULL, NULL, "\"source\":\"environment AIGC_JOURNAL\"") && file_exists(journal),
       "AIGC_JOURNAL gives a journal to every program");
    ok(client_says(NULL, "journal.path", "", "\"journal\":null"), "the key journal.path wins over AIGC_JOURNAL");
    free(journal);
    free(file);
    return finish();
}
