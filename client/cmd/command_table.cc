#include "client/cmd/command.h"

namespace smelt::client {
namespace {

constexpr Command kCommands[] = {
    {"convert", "Upload a model, convert it, and fetch the artifact", MakeConvert},
    {"inspect", "Show what a .tflite or .onnx file holds", MakeInspect},
    {"submit", "Upload a model and start its conversion; print the job's id", MakeSubmit},
    {"watch", "Follow a job until it has finished", MakeWatch},
    {"status", "Show a job as it is now", MakeStatus},
    {"list", "List jobs, newest first", MakeList},
    {"cancel", "Cancel jobs", MakeCancel},
    {"get", "Fetch a job's artifact, report or model, or any blob", MakeGet},
    {"put", "Upload files without a job; print their blob names", MakePut},
    {"ops", "Show which operators are supported, and their requirements", MakeOps},
    {"explain", "Show what reason codes mean, and what to do about them", MakeExplain},
    {"completion", "Print a completion script for a shell", MakeCompletion},
    {"server info", "Show version, limits and state of the daemon", MakeServerInfo},
};

}  // namespace

std::span<const Command> Commands() { return kCommands; }

}  // namespace smelt::client
