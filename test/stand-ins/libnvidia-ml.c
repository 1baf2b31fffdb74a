/*
 * Stands in for NVIDIA's libnvidia-ml.so.1 in tests and benchmarks. A text file, named by NVML_SCENARIO and read anew
 * whenever it changes, says what the driver answers:
 *
 *   init CODE | driver VERSION | cuda 12040 | log FILE       log: one line with the pid for each initialization
 *   wait MS                                                  each initialization takes so long
 *   hang FUNCTION                                            the call never returns
 *   code FUNCTION CODE                                       the call fails
 *   gpu N KEY VALUE...                                       a key that is not there is "not supported"
 *   mig N SLOT KEY VALUE...
 *   process N PID BYTES C|G SM MEMORY ENCODER DECODER
 *
 * Built with -DOLD_DRIVER it lacks the functions that came with drivers 470 to 535; with -DLONG_ROWS it lists processes
 * in rows of 32 bytes, as drivers of release 535 do.
 * The shapes of functions and structures are those of NVIDIA's nvml.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef int Code;
typedef unsigned long long Handle;
typedef unsigned int Number;
typedef unsigned long long Large;

enum { SUCCESS = 0, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, LOST = 15 };
enum { MAX_LINES = 4096, MAX_LENGTH = 256 };

static char lines[MAX_LINES][MAX_LENGTH];
static int line_count = 0;

/* The beginnings of lines, up to each end of a word, so that what the stand-in itself costs is little. */
enum { MAX_BEGINNINGS = 1 << 15, MAX_WORDS = 5 };
static struct beginning {
  const char *line;
  size_t length;
} beginnings[MAX_BEGINNINGS];

static struct beginning *place_of(const char *text, size_t length) {
  unsigned hash = 2166136261u;
  for (size_t at = 0; at < length; at++) hash = (hash ^ (unsigned char)text[at]) * 16777619u;
  for (unsigned at = hash % MAX_BEGINNINGS;; at = (at + 1) % MAX_BEGINNINGS) {
    struct beginning *found = &beginnings[at];
    if (found->line == NULL) return found;
    if (found->length == length && memcmp(found->line, text, length) == 0) return found;
  }
}

/* The first line that begins so counts. */
static void take_beginnings(const char *line) {
  const char *end = line;
  for (int words = 0; words < MAX_WORDS && *end != 0; words++) {
    end += strspn(end, " ");
    end += strcspn(end, " ");
    struct beginning *place = place_of(line, end - line);
    if (place->line == NULL) *place = (struct beginning){line, end - line};
  }
}

/* A handle is 1000 * (GPU + 1) for a GPU, and one more than a slot's number beyond it for a MIG instance. */
#define GPU_OF(handle) ((int)((handle) / 1000) - 1)
#define SLOT_OF(handle) ((int)((handle) % 1000) - 1)

static void load(void) {
  static long long known = -1;
  const char *path = getenv("NVML_SCENARIO");
  struct stat found;
  if (path == NULL || stat(path, &found) != 0) return;
  long long version = (long long)found.st_mtim.tv_sec * 1000000000 + found.st_mtim.tv_nsec + found.st_ino;
  if (version == known) return;
  FILE *file = fopen(path, "r");
  if (file == NULL) return;
  known = version;
  line_count = 0;
  memset(beginnings, 0, sizeof beginnings);
  while (line_count < MAX_LINES && fgets(lines[line_count], MAX_LENGTH, file)) {
    lines[line_count][strcspn(lines[line_count], "\n")] = 0;
    take_beginnings(lines[line_count]);
    line_count++;
  }
  fclose(file);
}

/* What follows `prefix` in the first line that begins with it. */
static const char *after(const char *prefix) {
  size_t length = strlen(prefix);
  const char *line = place_of(prefix, length)->line;
  return line == NULL ? NULL : line + length + (line[length] == ' ');
}

static const char *value_of(Handle handle, const char *key) {
  char prefix[MAX_LENGTH];
  if (SLOT_OF(handle) >= 0)
    snprintf(prefix, sizeof prefix, "mig %d %d %s", GPU_OF(handle), SLOT_OF(handle), key);
  else
    snprintf(prefix, sizeof prefix, "gpu %d %s", GPU_OF(handle), key);
  return after(prefix);
}

/* The word number `at` of a value, as a number. */
static Code large_of(Handle handle, const char *key, int at, Large *out) {
  const char *value = value_of(handle, key);
  if (value == NULL) return NOT_SUPPORTED;
  for (; at > 0; at--) {
    value = strchr(value, ' ');
    if (value == NULL) return NOT_SUPPORTED;
    value++;
  }
  *out = strtoull(value, NULL, 0);
  return SUCCESS;
}

static Code number_of(Handle handle, const char *key, int at, Number *out) {
  Large value;
  Code code = large_of(handle, key, at, &value);
  if (code == SUCCESS) *out = (Number)value;
  return code;
}

static Code text_of(const char *value, char *out, Number size) {
  if (value == NULL) return NOT_SUPPORTED;
  if (strlen(value) >= size) return TOO_SMALL;
  strcpy(out, value);
  return SUCCESS;
}

/* Hangs or fails where the scenario says so. */
static Code enter(const char *name, Handle handle) {
  char prefix[MAX_LENGTH];
  load();
  snprintf(prefix, sizeof prefix, "hang %s", name);
  while (after(prefix) != NULL) pause();
  snprintf(prefix, sizeof prefix, "code %s", name);
  const char *code = after(prefix);
  if (code != NULL) return atoi(code);
  if (handle != 0 && value_of((handle / 1000) * 1000, "lost") != NULL) return LOST;
  return SUCCESS;
}

#define ENTER(handle)                    \
  do {                                   \
    Code entered = enter(__func__, handle); \
    if (entered != SUCCESS) return entered; \
  } while (0)

#define NUMBER(name, key, at)                         \
  Code name(Handle handle, Number *out) {             \
    ENTER(handle);                                    \
    return number_of(handle, key, at, out);           \
  }
#define LARGE(name, key, at)                          \
  Code name(Handle handle, Large *out) {              \
    ENTER(handle);                                    \
    return large_of(handle, key, at, out);            \
  }
#define PAIR(name, key)                               \
  Code name(Handle handle, Number *a, Number *b) {    \
    ENTER(handle);                                    \
    Code code = number_of(handle, key, 0, a);         \
    if (number_of(handle, key, 1, b) != SUCCESS) *b = 0; \
    return code;                                      \
  }
#define TEXT(name, key)                               \
  Code name(Handle handle, char *out, Number size) {  \
    ENTER(handle);                                    \
    return text_of(value_of(handle, key), out, size); \
  }

static Code initialize(void) {
  const char *log = after("log");
  if (log != NULL) {
    FILE *file = fopen(log, "a");
    if (file != NULL) {
      fprintf(file, "%d\n", (int)getpid());
      fclose(file);
    }
  }
  const char *wait_ms = after("wait");
  if (wait_ms != NULL) usleep(1000 * (unsigned)atoi(wait_ms));
  const char *code = after("init");
  return code == NULL ? SUCCESS : atoi(code);
}

Code nvmlInit_v2(void) {
  ENTER(0);
  return initialize();
}

Code nvmlSystemGetDriverVersion(char *out, Number size) {
  ENTER(0);
  return text_of(after("driver"), out, size);
}

Code nvmlSystemGetCudaDriverVersion(int *out) {
  ENTER(0);
  const char *value = after("cuda");
  if (value == NULL) return NOT_SUPPORTED;
  *out = atoi(value);
  return SUCCESS;
}

static int gpu_count(void) {
  int count = 0;
  char prefix[MAX_LENGTH];
  for (;;) {
    snprintf(prefix, sizeof prefix, "gpu %d uuid", count);
    if (after(prefix) == NULL) return count;
    count++;
  }
}

Code nvmlDeviceGetCount_v2(Number *out) {
  ENTER(0);
  *out = (Number)gpu_count();
  return SUCCESS;
}

Code nvmlDeviceGetHandleByIndex_v2(Number index, Handle *out) {
  Handle handle = 1000 * ((Handle)index + 1);
  ENTER(handle);
  if ((int)index >= gpu_count()) return INVALID;
  *out = handle;
  return SUCCESS;
}

struct memory {
  Large total, free, used;
};

Code nvmlDeviceGetMemoryInfo(Handle handle, struct memory *out) {
  ENTER(handle);
  Large reserved;
  if (large_of(handle, "memory", 0, &out->total) || large_of(handle, "memory", 1, &reserved) ||
      large_of(handle, "memory", 2, &out->used) || large_of(handle, "memory", 3, &out->free))
    return NOT_SUPPORTED;
  out->used += reserved;
  return SUCCESS;
}

struct bar1 {
  Large total, free, used;
};

Code nvmlDeviceGetBAR1MemoryInfo(Handle handle, struct bar1 *out) {
  ENTER(handle);
  if (large_of(handle, "bar1", 0, &out->total) || large_of(handle, "bar1", 1, &out->used)) return NOT_SUPPORTED;
  out->free = out->total - out->used;
  return SUCCESS;
}

struct utilization {
  Number gpu, memory;
};

Code nvmlDeviceGetUtilizationRates(Handle handle, struct utilization *out) {
  ENTER(handle);
  if (number_of(handle, "utilization", 0, &out->gpu)) return NOT_SUPPORTED;
  return number_of(handle, "utilization", 1, &out->memory);
}

PAIR(nvmlDeviceGetEncoderUtilization, "encoder")
PAIR(nvmlDeviceGetDecoderUtilization, "decoder")
TEXT(nvmlDeviceGetUUID, "uuid")
TEXT(nvmlDeviceGetName, "name")
TEXT(nvmlDeviceGetVbiosVersion, "vbios")
NUMBER(nvmlDeviceGetPowerUsage, "power", 0)
NUMBER(nvmlDeviceGetEnforcedPowerLimit, "power-limits", 0)
NUMBER(nvmlDeviceGetPowerManagementDefaultLimit, "power-limits", 1)
LARGE(nvmlDeviceGetTotalEnergyConsumption, "energy", 0)
NUMBER(nvmlDeviceGetFanSpeed, "fan", 0)
NUMBER(nvmlDeviceGetPerformanceState, "pstate", 0)
LARGE(nvmlDeviceGetCurrentClocksThrottleReasons, "reasons", 0)
NUMBER(nvmlDeviceGetCurrPcieLinkGeneration, "pcie", 0)
NUMBER(nvmlDeviceGetCurrPcieLinkWidth, "pcie", 1)
NUMBER(nvmlDeviceGetMaxPcieLinkGeneration, "pcie", 2)
NUMBER(nvmlDeviceGetMaxPcieLinkWidth, "pcie", 3)
PAIR(nvmlDeviceGetEccMode, "ecc-mode")
NUMBER(nvmlDeviceGetRetiredPagesPendingStatus, "retired", 2)
NUMBER(nvmlDeviceGetComputeMode, "compute", 0)
NUMBER(nvmlDeviceGetPersistenceMode, "persistence", 0)
PAIR(nvmlDeviceGetMigMode, "mig-mode")
NUMBER(nvmlDeviceGetMaxMigDeviceCount, "mig-count", 0)
NUMBER(nvmlDeviceGetGpuInstanceId, "instance", 0)
NUMBER(nvmlDeviceGetComputeInstanceId, "instance", 1)

Code nvmlDeviceGetPowerManagementLimitConstraints(Handle handle, Number *min, Number *max) {
  ENTER(handle);
  *min = 0;
  return number_of(handle, "power-limits", 2, max);
}

Code nvmlDeviceGetTemperature(Handle handle, Number sensor, Number *out) {
  ENTER(handle);
  return sensor == 0 ? number_of(handle, "temperature", 0, out) : INVALID;
}

/* Shutdown, slowdown, memory's and GPU's highest. */
Code nvmlDeviceGetTemperatureThreshold(Handle handle, Number kind, Number *out) {
  ENTER(handle);
  return number_of(handle, "thresholds", (int)kind, out);
}

/* Graphics, SM, memory. */
Code nvmlDeviceGetClockInfo(Handle handle, Number kind, Number *out) {
  ENTER(handle);
  return number_of(handle, "clocks", (int)kind, out);
}

Code nvmlDeviceGetMaxClockInfo(Handle handle, Number kind, Number *out) {
  ENTER(handle);
  return number_of(handle, "max-clocks", (int)kind, out);
}

/* KB/s sent, received. */
Code nvmlDeviceGetPcieThroughput(Handle handle, Number direction, Number *out) {
  ENTER(handle);
  return number_of(handle, "pcie-throughput", (int)direction, out);
}

/* Volatile corrected, volatile uncorrected, aggregate corrected, aggregate uncorrected. */
Code nvmlDeviceGetTotalEccErrors(Handle handle, Number kind, Number counter, Large *out) {
  ENTER(handle);
  return large_of(handle, "ecc", (int)(2 * counter + kind), out);
}

Code nvmlDeviceGetRetiredPages(Handle handle, Number cause, Number *count, Large *addresses) {
  ENTER(handle);
  Number found;
  Code code = number_of(handle, "retired", (int)cause, &found);
  if (code != SUCCESS) return code;
  int fits = addresses != NULL && *count >= found;
  *count = found;
  return found == 0 || fits ? SUCCESS : TOO_SMALL;
}

Code nvmlDeviceGetRemappedRows(Handle handle, Number *a, Number *b, Number *c, Number *d) {
  ENTER(handle);
  return number_of(handle, "remapped", 0, a) || number_of(handle, "remapped", 1, b) ||
                 number_of(handle, "remapped", 2, c) || number_of(handle, "remapped", 3, d)
             ? NOT_SUPPORTED
             : SUCCESS;
}

/* Active links, all links, KiB sent, KiB received. */
Code nvmlDeviceGetNvLinkState(Handle handle, Number link, Number *out) {
  ENTER(handle);
  Number active, total;
  if (number_of(handle, "nvlink", 0, &active) || number_of(handle, "nvlink", 1, &total)) return NOT_SUPPORTED;
  if (link >= total) return INVALID;
  *out = link < active;
  return SUCCESS;
}

struct field {
  Number id, scope;
  long long timestamp, latency;
  Number type;
  Code code;
  Large value;
};

Code nvmlDeviceGetFieldValues(Handle handle, int count, struct field *fields) {
  ENTER(handle);
  for (int at = 0; at < count; at++) {
    struct field *field = &fields[at];
    field->type = 3;
    switch (field->id) {
      case 82: field->type = 1; field->code = large_of(handle, "memory-temperature", 0, &field->value); break;
      case 138: field->code = field->scope == 0xffffffff ? large_of(handle, "nvlink", 2, &field->value) : INVALID; break;
      case 139: field->code = field->scope == 0xffffffff ? large_of(handle, "nvlink", 3, &field->value) : INVALID; break;
      case 197: field->code = large_of(handle, "pcie-bytes", 0, &field->value); break;
      case 198: field->code = large_of(handle, "pcie-bytes", 1, &field->value); break;
      default: field->code = NOT_SUPPORTED;
    }
  }
  return SUCCESS;
}

Code nvmlDeviceGetMigDeviceHandleByIndex(Handle handle, Number slot, Handle *out) {
  ENTER(handle);
  if (value_of(handle + slot + 1, "uuid") == NULL) return NOT_FOUND;
  *out = handle + slot + 1;
  return SUCCESS;
}

struct found_process {
  Number pid;
  Large bytes;
  char type;
  Number use[4];
};

/* The process line number `at` of this device; 0 where there is none. A MIG instance is `N/SLOT`. */
static int process_at(Handle handle, int at, struct found_process *out) {
  char place[32], prefix[48];
  if (SLOT_OF(handle) >= 0) snprintf(place, sizeof place, "%d/%d", GPU_OF(handle), SLOT_OF(handle));
  else snprintf(place, sizeof place, "%d", GPU_OF(handle));
  snprintf(prefix, sizeof prefix, "process %s ", place);
  for (int line = 0; line < line_count; line++) {
    if (strncmp(lines[line], prefix, strlen(prefix)) != 0 || at-- > 0) continue;
    memset(out, 0, sizeof *out);
    return sscanf(lines[line] + strlen(prefix), "%u %llu %c %u %u %u %u", &out->pid, &out->bytes, &out->type,
                  &out->use[0], &out->use[1], &out->use[2], &out->use[3]) >= 3;
  }
  return 0;
}

struct process_1 {
  Number pid;
  Large bytes;
};
struct process_2 {
  Number pid;
  Large bytes;
  Number gpu_instance, compute_instance;
#ifdef LONG_ROWS
  Large protected_bytes;
#endif
};
/* Without MIG there is no instance. */
static void fill_rest(struct process_1 *row) { (void)row; }
static void fill_rest_2(struct process_2 *row) {
  row->gpu_instance = row->compute_instance = 0xFFFFFFFF;
#ifdef LONG_ROWS
  row->protected_bytes = 0;
#endif
}

#define LIST(name, shape, wanted)                                       \
  Code name(Handle handle, Number *count, struct shape *out) {          \
    ENTER(handle);                                                      \
    struct found_process process;                                       \
    Number found = 0;                                                   \
    for (int at = 0; process_at(handle, at, &process); at++) {          \
      if (process.type != wanted) continue;                             \
      if (found < *count) {                                             \
        out[found].pid = process.pid;                                   \
        out[found].bytes = process.bytes;                               \
        _Generic(out, struct process_1 *: fill_rest, struct process_2 *: fill_rest_2)(&out[found]); \
      }                                                                 \
      found++;                                                          \
    }                                                                   \
    Code code = found > *count ? TOO_SMALL : SUCCESS;                   \
    *count = found;                                                     \
    return code;                                                        \
  }

struct process_use {
  Number pid;
  Large timestamp;
  Number use[4];
};

Code nvmlDeviceGetProcessUtilization(Handle handle, struct process_use *out, Number *count, Large since) {
  ENTER(handle);
  struct found_process process;
  Number found = 0;
  for (int at = 0; process_at(handle, at, &process); at++) {
    if (found < *count) {
      out[found].pid = process.pid;
      out[found].timestamp = since + 1;
      memcpy(out[found].use, process.use, sizeof process.use);
    }
    found++;
  }
  if (found == 0) return NOT_FOUND;
  Code code = found > *count ? TOO_SMALL : SUCCESS;
  *count = found;
  return code;
}

#ifdef OLD_DRIVER

/* Where version 3 has the whole address, the driver kept numbers of its own. */
struct pci_info_2 {
  char bus_id[16];
  Number domain, bus, device, id, subsystem, reserved[4];
};

Code nvmlDeviceGetPciInfo_v2(Handle handle, struct pci_info_2 *out) {
  ENTER(handle);
  const char *address = value_of(handle, "pci");
  memset(out, 'x', sizeof *out);
  return text_of(address == NULL ? NULL : address + 4, out->bus_id, sizeof out->bus_id);
}
LIST(nvmlDeviceGetComputeRunningProcesses, process_1, 'C')
LIST(nvmlDeviceGetGraphicsRunningProcesses, process_1, 'G')

#else

Code nvmlInitWithFlags(Number flags) {
  (void)flags;
  ENTER(0);
  return initialize();
}

struct pci_info {
  char legacy[16];
  Number domain, bus, device, id, subsystem;
  char bus_id[32];
};

Code nvmlDeviceGetPciInfo_v3(Handle handle, struct pci_info *out) {
  ENTER(handle);
  memset(out, 0, sizeof *out);
  return text_of(value_of(handle, "pci"), out->bus_id, sizeof out->bus_id);
}

struct memory_2 {
  Number version;
  Large total, reserved, free, used;
};

Code nvmlDeviceGetMemoryInfo_v2(Handle handle, struct memory_2 *out) {
  ENTER(handle);
  if (out->version != (sizeof *out | 2 << 24)) return 25;
  return large_of(handle, "memory", 0, &out->total) || large_of(handle, "memory", 1, &out->reserved) ||
                 large_of(handle, "memory", 2, &out->used) || large_of(handle, "memory", 3, &out->free)
             ? NOT_SUPPORTED
             : SUCCESS;
}
LARGE(nvmlDeviceGetCurrentClocksEventReasons, "reasons", 0)
LIST(nvmlDeviceGetComputeRunningProcesses_v3, process_2, 'C')
LIST(nvmlDeviceGetGraphicsRunningProcesses_v3, process_2, 'G')
LIST(nvmlDeviceGetMPSComputeRunningProcesses_v3, process_2, 'M')

#endif
