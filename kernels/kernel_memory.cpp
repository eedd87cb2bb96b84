// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/kernel_memory.h"

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace bwla {
namespace {

constexpr const char* firstLine = "bwla kernels 1";
constexpr const char* lastLine = "end";

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

std::map<std::string, std::string> readFacts(const std::string& path, const std::string& key) {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line) || line != firstLine || !std::getline(file, line) || line != key)
        return {};
    std::map<std::string, std::string> facts;
    while (std::getline(file, line) && line != lastLine) {
        const std::size_t tab = line.find('\t');
        if (tab == std::string::npos)
            return {};
        facts[line.substr(0, tab)] = line.substr(tab + 1);
    }
    return line == lastLine ? facts : std::map<std::string, std::string>();
}

} // namespace

KernelMemory::KernelMemory(const std::string& folder, std::string key) : key_(std::move(key)) {
    if (folder.empty())
        return;
    file_ = folder + "/" + fingerprint(key_) + ".txt";
    facts_ = readFacts(file_, key_);
}

std::string KernelMemory::fact(const std::string& name) const {
    const auto found = facts_.find(name);
    return found != facts_.end() ? found->second : "";
}

void KernelMemory::set(const std::string& name, const std::string& value) {
    if ((name + value).find_first_of("\t\n\r") == std::string::npos)
        facts_[name] = value;
}

/// Through a file of its own, so that two programs never read half of each other's.
void KernelMemory::save() const {
    if (file_.empty())
        return;
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(file_).parent_path(), ignored);
    const std::string own = file_ + "." + std::to_string(getpid());
    {
        std::ofstream out(own);
        out << firstLine << '\n' << key_ << '\n';
        for (const auto& [name, value] : facts_)
            out << name << '\t' << value << '\n';
        out << lastLine << '\n';
        out.flush();
        if (out.good())
            std::filesystem::rename(own, file_, ignored);
    }
    std::filesystem::remove(own, ignored);
}

std::string kernelCacheFolder() {
    if (const std::string named = variable("BWLA_KERNEL_CACHE"); !named.empty())
        return named;
    if (const std::string cache = variable("XDG_CACHE_HOME"); cache.starts_with('/'))
        return cache + "/bwla/kernels";
    const std::string home = variable("HOME");
    return home.empty() ? "" : home + "/.cache/bwla/kernels";
}

std::string fingerprint(std::string_view bytes) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char byte : bytes)
        hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3U;
    std::string text(16, '0');
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
    return text;
}

} // namespace bwla
