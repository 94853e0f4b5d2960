// smelt-worker: the sandboxed process that alone runs the conversion library.
#include "server/runner/worker_main.h"

int main(int argc, char** argv) {
  return smelt::runner::WorkerMain(argc, argv,
                                   {&smelt::Convert, &smelt::Inspect, &smelt::PrintSupport});
}
