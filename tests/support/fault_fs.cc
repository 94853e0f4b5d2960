#include "tests/support/fault_fs.h"

#include <filesystem>
#include <fstream>
#include <utility>

namespace smelt::test {
namespace {

FileSystem& Real() { return FileSystem::Real(); }

std::vector<std::byte> ReadAll(int fd) {
  const Result<std::uint64_t> size = Real().Size(fd);
  SMELT_CHECK(size.ok());
  std::vector<std::byte> bytes(*size);
  const Result<std::size_t> got = Real().ReadAt(fd, 0, bytes);
  SMELT_CHECK(got.ok() && *got == bytes.size());
  return bytes;
}

std::vector<std::byte> ReadPath(const std::string& path) {
  const Result<UniqueFd> fd = Real().Open(path, OpenMode::kRead);
  SMELT_CHECK(fd.ok());
  return ReadAll(fd->get());
}

}  // namespace

FaultFs::FaultFs(std::string root) : root_(std::move(root)), tree_(Scan(root_)) {}
FaultFs::~FaultFs() = default;

FaultFs::NodeRef FaultFs::Scan(const std::string& path) {
  auto node = std::make_shared<Node>();
  node->is_directory = std::filesystem::is_directory(path);
  if (!node->is_directory) {
    node->synced = ReadPath(path);
    return node;
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    node->names[entry.path().filename()] = Scan(entry.path());
  }
  node->synced_names = node->names;
  return node;
}

FaultFs::NodeRef FaultFs::Find(const std::string& path) const {
  if (path == root_) return tree_;
  std::string name;
  const NodeRef parent = Parent(path, &name);
  if (parent == nullptr) return nullptr;
  const auto found = parent->names.find(name);
  return found == parent->names.end() ? nullptr : found->second;
}

FaultFs::NodeRef FaultFs::Parent(const std::string& path, std::string* name) const {
  const std::size_t slash = path.rfind('/');
  *name = path.substr(slash + 1);
  const NodeRef parent = Find(path.substr(0, slash));
  return parent != nullptr && parent->is_directory ? parent : nullptr;
}

void FaultFs::CutAfter(std::size_t operations) {
  std::lock_guard lock(mutex_);
  limit_ = operations_ + operations;
}

std::size_t FaultFs::operations() const {
  std::lock_guard lock(mutex_);
  return operations_;
}

bool FaultFs::cut() const {
  std::lock_guard lock(mutex_);
  return cut_;
}

// Counts an operation that changes something. The mutex is held.
Status FaultFs::Step() {
  if (cut_ || operations_ >= limit_) {
    cut_ = true;
    return Status(Reason::kIoError, "the power is off");
  }
  ++operations_;
  return Status::Ok();
}

Result<UniqueFd> FaultFs::Open(const std::string& path, OpenMode mode) {
  std::lock_guard lock(mutex_);
  if (mode == OpenMode::kCreate || cut_) SMELT_RETURN_IF_ERROR(Step());
  SMELT_ASSIGN_OR_RETURN(UniqueFd fd, Real().Open(path, mode));
  if (mode == OpenMode::kCreate) {
    std::string name;
    const NodeRef parent = Parent(path, &name);
    SMELT_CHECK(parent != nullptr);
    parent->names[name] = std::make_shared<Node>();
  }
  open_[fd.get()] = Find(path);
  return fd;
}

Result<std::size_t> FaultFs::ReadAt(int fd, std::uint64_t offset, std::span<std::byte> out) {
  return Real().ReadAt(fd, offset, out);
}

Status FaultFs::WriteAt(int fd, std::uint64_t offset, ByteSpan bytes) {
  std::lock_guard lock(mutex_);
  const bool was_on = !cut_;
  if (Status step = Step(); !step.ok()) {
    if (was_on) {
      SMELT_RETURN_IF_ERROR(Real().WriteAt(fd, offset, bytes.first(bytes.size() / 2)));
    }
    return step;
  }
  return Real().WriteAt(fd, offset, bytes);
}

Result<std::uint64_t> FaultFs::Size(int fd) { return Real().Size(fd); }

Status FaultFs::Truncate(int fd, std::uint64_t size_bytes) {
  std::lock_guard lock(mutex_);
  SMELT_RETURN_IF_ERROR(Step());
  return Real().Truncate(fd, size_bytes);
}

Status FaultFs::SyncData(int fd) {
  std::lock_guard lock(mutex_);
  SMELT_RETURN_IF_ERROR(Step());
  open_.at(fd)->synced = ReadAll(fd);
  return Status::Ok();
}

Result<std::optional<FileInfo>> FaultFs::Stat(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (cut_) SMELT_RETURN_IF_ERROR(Step());
  return Real().Stat(path);
}

Status FaultFs::Rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  SMELT_RETURN_IF_ERROR(Step());
  std::string from_name;
  std::string to_name;
  const NodeRef from_parent = Parent(from, &from_name);
  const NodeRef to_parent = Parent(to, &to_name);
  if (const NodeRef replaced = Find(to)) replaced->last_seen = ReadPath(to);
  SMELT_RETURN_IF_ERROR(Real().Rename(from, to));
  to_parent->names[to_name] = from_parent->names.at(from_name);
  from_parent->names.erase(from_name);
  return Status::Ok();
}

Status FaultFs::Remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  const NodeRef node = Find(path);
  if (node == nullptr && !cut_) return Status::Ok();
  SMELT_RETURN_IF_ERROR(Step());
  node->last_seen = ReadPath(path);
  SMELT_RETURN_IF_ERROR(Real().Remove(path));
  std::string name;
  Parent(path, &name)->names.erase(name);
  return Status::Ok();
}

Result<bool> FaultFs::MakeDirectory(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (Find(path) != nullptr && !cut_) return false;
  SMELT_RETURN_IF_ERROR(Step());
  SMELT_ASSIGN_OR_RETURN(const bool made, Real().MakeDirectory(path));
  std::string name;
  auto node = std::make_shared<Node>();
  node->is_directory = true;
  Parent(path, &name)->names[name] = std::move(node);
  return made;
}

Status FaultFs::SyncDirectory(const std::string& path) {
  std::lock_guard lock(mutex_);
  SMELT_RETURN_IF_ERROR(Step());
  const NodeRef node = Find(path);
  node->synced_names = node->names;
  return Status::Ok();
}

Result<std::uint64_t> FaultFs::FreeBytes(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (cut_) SMELT_RETURN_IF_ERROR(Step());
  return Real().FreeBytes(path);
}

Result<std::vector<std::string>> FaultFs::List(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (cut_) SMELT_RETURN_IF_ERROR(Step());
  return Real().List(path);
}

// Notes the bytes of every file that still has a name.
void FaultFs::Capture(const std::string& path, Node& node) {
  if (!node.is_directory) {
    node.last_seen = ReadPath(path);
    return;
  }
  for (const auto& [name, child] : node.names) Capture(path + "/" + name, *child);
}

void FaultFs::Write(const std::string& path, const Node& node, Loss loss) {
  if (!node.is_directory) {
    const auto& bytes = loss == Loss::kUnsyncedNames ? node.last_seen : node.synced;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    SMELT_CHECK(file.good());
    return;
  }
  std::filesystem::create_directory(path);
  const auto& names = loss == Loss::kUnsyncedData ? node.names : node.synced_names;
  for (const auto& [name, child] : names) Write(path + "/" + name, *child, loss);
}

void FaultFs::Restart(Loss loss) {
  std::lock_guard lock(mutex_);
  if (loss != Loss::kNothing) {
    Capture(root_, *tree_);
    for (const auto& entry : std::filesystem::directory_iterator(root_)) {
      std::filesystem::remove_all(entry.path());
    }
    Write(root_, *tree_, loss);
    tree_ = Scan(root_);
  }
  open_.clear();
  operations_ = 0;
  limit_ = std::numeric_limits<std::size_t>::max();
  cut_ = false;
}

}  // namespace smelt::test
