// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/json_text.h"

#include "core/error.h"
#include "core/model/mapped_file.h"

#include <algorithm>
#include <set>
#include <vector>

namespace bwla {

Json parseJson(std::string_view text, const std::filesystem::path& file, std::int64_t offset) {
    std::vector<std::set<std::string>> keys;
    const auto refuseTwins = [&](int, Json::parse_event_t event, Json& value) {
        if (event == Json::parse_event_t::object_start)
            keys.emplace_back();
        else if (event == Json::parse_event_t::object_end)
            keys.pop_back();
        else if (event == Json::parse_event_t::key &&
                 !keys.back().insert(value.get_ref<const std::string&>()).second)
            throw Error(ErrorCode::corrupt)
                .in(file.string())
                .at(offset)
                .because("the key \"" + value.get<std::string>() + "\" is given twice");
        return true;
    };
    try {
        return Json::parse(text.begin(), text.end(), refuseTwins);
    } catch (const nlohmann::json::parse_error& error) {
        throw Error(ErrorCode::corrupt)
            .in(file.string())
            .at(offset + static_cast<std::int64_t>(error.byte))
            .because("it is not JSON");
    } catch (const nlohmann::json::exception&) { // numbers out of range
        throw Error(ErrorCode::corrupt).in(file.string()).at(offset).because("it is not JSON");
    }
}

Json readJson(const std::filesystem::path& file) {
    const auto mapped = MappedFile::open(file);
    return parseJson(
        {reinterpret_cast<const char*>(mapped->bytes().data()), mapped->bytes().size()}, file);
}

bool isUtf8(std::string_view text) {
    if (std::ranges::none_of(text, [](char c) { return (c & 0x80) != 0; }))
        return true;
    try {
        (void)Json(text).dump();
        return true;
    } catch (const Json::type_error&) {
        return false;
    }
}

std::string prettyJson(const Json& json) {
    return json.dump(2) + "\n";
}

void JsonObject::refuse(const char* key, const std::string& complaint) const {
    throw Error(ErrorCode::corrupt).in(file_.string()).because(std::string(key) + " " + complaint);
}

const Json* JsonObject::find(const char* key) const {
    if (!json_.is_object())
        return nullptr;
    const auto member = json_.find(key);
    return member == json_.end() || member->is_null() ? nullptr : &*member;
}

std::optional<std::int64_t> JsonObject::integer(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr)
        return std::nullopt;
    if (!value->is_number_integer() ||
        (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX))
        refuse(key, "is not an integer");
    return value->get<std::int64_t>();
}

std::optional<double> JsonObject::number(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr)
        return std::nullopt;
    if (!value->is_number())
        refuse(key, "is not a number");
    return value->get<double>();
}

std::optional<bool> JsonObject::boolean(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr)
        return std::nullopt;
    if (!value->is_boolean())
        refuse(key, "is neither true nor false");
    return value->get<bool>();
}

std::optional<std::string> JsonObject::text(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr)
        return std::nullopt;
    if (!value->is_string())
        refuse(key, "is not a text");
    return value->get<std::string>();
}

std::int64_t JsonObject::requiredInteger(const char* key) const {
    const auto value = integer(key);
    if (!value)
        refuse(key, "is missing");
    return *value;
}

std::string JsonObject::requiredText(const char* key) const {
    auto value = text(key);
    if (!value)
        refuse(key, "is missing");
    return *std::move(value);
}

} // namespace bwla
