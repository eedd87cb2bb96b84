// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace bwla {

/// What was found out about a device's kernels, kept in a small text file of the user's cache from
/// one start of the program to the next. A file that is missing, cut, from another version or of
/// another device counts as empty, and one that cannot be written is done without: never an error.
class KernelMemory {
public:
    /// `key` says what it is true of: device, driver, shaders. An empty folder keeps nothing.
    KernelMemory(const std::string& folder, std::string key);

    /// Empty where nothing is known.
    [[nodiscard]] std::string fact(const std::string& name) const;
    [[nodiscard]] const std::map<std::string, std::string>& facts() const { return facts_; }
    /// Neither may hold tabs or line ends; such a fact is not kept.
    void set(const std::string& name, const std::string& value);
    void save() const;
    [[nodiscard]] const std::string& file() const { return file_; }

private:
    std::string key_, file_;
    std::map<std::string, std::string> facts_;
};

/// BWLA_KERNEL_CACHE, else bwla/kernels in XDG_CACHE_HOME, else in ~/.cache; empty where there is
/// no home.
[[nodiscard]] std::string kernelCacheFolder();

/// 16 hexadecimal digits that tell texts apart (FNV-1a, 64 bits).
[[nodiscard]] std::string fingerprint(std::string_view bytes);

} // namespace bwla
