// How jemalloc behaves in the programs that convert (the target smelt_allocator): a process that
// serves one job gives no page back before it ends, so none is faulted in twice.

// Read by jemalloc when it starts. The environment's MALLOC_CONF is read after it and wins.
extern "C" {
extern const char* const malloc_conf;
const char* const malloc_conf = "dirty_decay_ms:-1,muzzy_decay_ms:-1";
}
