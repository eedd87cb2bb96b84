// SPDX-License-Identifier: GPL-3.0-or-later
//
// What every backend asks of its callers, checked in one place: all functions throw
// KernelError{badShape} (checkBits: unsupported) naming the verb.
#pragma once

#include "kernels/backend.h"

namespace bwla::contract {

void require(bool holds, const char* subject, const std::string& detail);

void checkHost(const HostLinear& linear);
void checkHost(const HostInput& input);
void checkCacheShape(const KvShape& shape);

void checkNorm(const NormSpec& norm, std::int64_t cols, const char* verb);
void checkBits(int bits);
void checkEmbed(const Linear& table, Buffer out);
/// rank: the weight's, 0 = none.
void checkProduct(const Linear& weight, std::int64_t rank, const Input& input, Buffer out);
void checkAttend(const AttendSpec& spec, Buffer q, Buffer k, Buffer v, Buffer out);
void checkGate(Buffer gate, Buffer up, Buffer out);
void checkRead(std::int64_t rows, int batch);
void checkWrite(Buffer buffer, std::size_t values, int batch);

/// `object` as the backend's own type.
template<class Own, class Base>
const Own& ownedHere(const Base& object, const char* verb) {
    const auto* own = dynamic_cast<const Own*>(&object);
    require(own != nullptr, verb, "operand was uploaded to another backend");
    return *own;
}

/// What a plan asks of its steps, gathered while it is recorded.
struct StepRules {
    int batch = 1;
    std::int64_t vocabulary = 0; ///< 0 = the plan embeds nothing
    KvShape cache;               ///< layers 0 = the plan attends to nothing

    /// The plan attends to layers up to and including `layer` of such a cache.
    void usesCache(const AttendSpec& spec);
    /// `given`: the shape of the step's cache, null where it has none of this backend.
    void check(const Step& step, const KvShape* given) const;
};

} // namespace bwla::contract
