// Output path: where a file of a job is written, from what the user said and the file's own name.
#pragma once

#include <string>

namespace smelt::client {

// What -o means for a file called `name`: the path itself or "-"; in it, when it is a folder;
// `name` in the current folder when it is "". A name that came from elsewhere does not choose the
// folder.
std::string OutputPath(const std::string& output, const std::string& name);

// "OUT_op_coverage_report.json" beside OUT.tflite, for a file that the daemon has named `name`
// after the model `file_name`. In the current folder when the artifact goes to standard output.
std::string PathBeside(const std::string& output, const std::string& file_name,
                       const std::string& name);

// "FOLDER/OUT" of FOLDER/OUT.tflite: what the names of the files beside it begin with.
std::string StemOf(const std::string& output);

}  // namespace smelt::client
