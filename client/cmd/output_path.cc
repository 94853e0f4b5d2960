#include "client/cmd/output_path.h"

#include <filesystem>
#include <system_error>

namespace smelt::client {

namespace fs = std::filesystem;

std::string OutputPath(const std::string& output, const std::string& name) {
  if (output == "-") return output;
  std::error_code error;
  const bool is_folder = !output.empty() && fs::is_directory(output, error);
  if (!output.empty() && !is_folder) return output;
  const std::string file = fs::path(name).filename().string();
  const bool is_name = !file.empty() && file != "." && file != "..";
  return (fs::path(output) / (is_name ? file : "artifact")).string();
}

std::string PathBeside(const std::string& output, const std::string& file_name,
                       const std::string& name) {
  const std::string plain = fs::path(name).filename().string();
  if (output == "-") return plain;
  const std::string stem = fs::path(file_name).stem().string();
  return StemOf(output) + (plain.starts_with(stem) ? plain.substr(stem.size()) : "_" + plain);
}

std::string StemOf(const std::string& output) {
  const fs::path path(output);
  return (path.parent_path() / path.stem()).string();
}

}  // namespace smelt::client
