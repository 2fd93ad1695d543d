#include "block.c"
#include "guide.h"

int main(void)
{
    aigc_client *client = new_client(NULL);
    aigc_job *job = new_job(client, "a cat");
    char text[16384];
    size_t size;
    FILE *file = tmpfile();

    WORKS(aigc_job_wait(job, 30000, NULL)); /* now there are credentials in use and a clock to tell of */
    aigc_job_free(job);
    NEED(file && print_report(client, file) == 0);
    rewind(file);
    size = fread(text, 1, sizeof text - 1, file);
    text[size] = 0;
    NEED(strstr(text, "\"ca_file\"") && strstr(text, "\"endpoint\"") && strstr(text, "\"proxy\""));
    NEED(strstr(text, "\"found_in\"") && strstr(text, "\"offset_ms\""));
    NEED(!strstr(text, getenv("TENCENTCLOUD_SECRET_KEY")) && !strstr(text, getenv("TENCENTCLOUD_SECRET_ID")));
    fclose(file);
    file = fopen("/dev/full", "w");
    NEED(file);
    setvbuf(file, NULL, _IONBF, 0);
    NEED(print_report(client, file) == -1);
    fclose(file);
    aigc_client_free(client);
    END();
}
