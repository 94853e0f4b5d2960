// A job as text: all of it, or a row of a list.
#pragma once

#include <ostream>

#include "client/view/table.h"
#include "smelt/v1/jobs.pb.h"

namespace smelt::client {

void PrintJob(std::ostream& out, const v1::Job& job);

Table MakeJobTable();
void AddJobRow(Table& table, const v1::Job& job);

// "2026-11-21 12:00:00Z"; "" when there is none.
std::string ShowTime(const google::protobuf::Timestamp& time);

}  // namespace smelt::client
