// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_json.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace bwla::jinja {
namespace {

class Writer {
public:
    Writer(std::int64_t indent, bool sortKeys, bool ascii, Runtime& runtime)
        : indent_(indent), sortKeys_(sortKeys), ascii_(ascii), runtime_(runtime) {}

    void write(const Value& value) {
        if (value.list())
            writeList(value.list()->items);
        else if (value.dict())
            writeDict(value.dict()->entries);
        else
            out_ += scalar(value);
    }

    std::string out_;

private:
    [[nodiscard]] std::string scalar(const Value& value) const {
        if (value.isNone())
            return "null";
        if (value.isBool())
            return value.truth() ? "true" : "false";
        if (value.isNumber())
            return text(value);
        if (!value.string())
            throw Failure{std::string("tojson of ") + value.typeName()};
        return quoted(*value.string());
    }

    [[nodiscard]] std::string quoted(const std::string& text) const {
        return nlohmann::json(text).dump(-1, ' ', ascii_, nlohmann::json::error_handler_t::replace);
    }

    /// Between two items, and after the opening bracket. Without an indent Python puts spaces
    /// between items.
    void separate(bool first) {
        if (indent_ < 0) {
            out_ += first ? "" : ", ";
            return;
        }
        out_ += first ? "" : ",";
        newLine();
    }
    void newLine() {
        const std::size_t width = static_cast<std::size_t>(indent_) * depth_;
        runtime_.spend(width + 1);
        out_ += '\n' + std::string(width, ' ');
    }
    void close(char bracket, bool empty) {
        --depth_;
        if (!empty && indent_ >= 0)
            newLine();
        out_ += bracket;
    }

    void writeList(const Items& items) {
        out_ += '[';
        ++depth_;
        for (std::size_t i = 0; i < items.size(); ++i) {
            separate(i == 0);
            write(items[i]);
        }
        close(']', items.empty());
    }

    void writeDict(Entries entries) {
        if (sortKeys_)
            std::stable_sort(entries.begin(), entries.end(),
                             [](const auto& a, const auto& b) { return a.first < b.first; });
        out_ += '{';
        ++depth_;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            separate(i == 0);
            out_ += quoted(entries[i].first) + ": ";
            write(entries[i].second);
        }
        close('}', entries.empty());
    }

    std::int64_t indent_; ///< -1 = on one line
    bool sortKeys_, ascii_;
    Runtime& runtime_;
    std::size_t depth_ = 0;
};

} // namespace

Value toJson(const Value& value, const Arguments& arguments, Runtime& runtime) {
    const Value* indent = arguments.find(1, "indent");
    const std::int64_t width = !indent || indent->isNone() ? -1 : arguments.integer(1, "indent", 0);
    if (width < -1 || width > 64)
        throw Failure{"tojson: indent out of range"};
    if (arguments.find(2, "separators"))
        throw Failure{"tojson: separators are not supported"};
    runtime.spendWalk(value);
    Writer writer(width, arguments.flag(3, "sort_keys", false),
                  arguments.flag(0, "ensure_ascii", false), runtime);
    writer.write(value);
    return runtime.makeString(std::move(writer.out_));
}

} // namespace bwla::jinja
