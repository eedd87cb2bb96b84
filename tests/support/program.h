// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QProcess>
#include <QString>
#include <QStringList>

#include <nlohmann/json.hpp>

namespace bwla::test {

/// What a finished program left behind.
struct Finished {
    int exitCode = -1; ///< -1 = killed, crashed or never started
    QByteArray out;
    QByteArray err;

    /// The document on stdout; a discarded value where it is none.
    [[nodiscard]] nlohmann::json json() const {
        return nlohmann::json::parse(out.toStdString(), nullptr, false);
    }
    [[nodiscard]] QList<QByteArray> errLines() const {
        QList<QByteArray> lines = err.split('\n');
        lines.removeAll(QByteArray());
        return lines;
    }
    /// For a test that fails: everything there is to see.
    [[nodiscard]] QByteArray all() const {
        return "exit " + QByteArray::number(exitCode) + "\nstdout: " + out + "\nstderr: " + err;
    }
};

inline Finished run(const QString& program, const QStringList& arguments,
                    const QByteArray& input = {}) {
    static constexpr int patienceMs = 600'000;
    QProcess process;
    process.start(program, arguments);
    process.write(input);
    process.closeWriteChannel();
    if (!process.waitForFinished(patienceMs))
        process.kill();
    const bool normal = process.exitStatus() == QProcess::NormalExit;
    return {normal ? process.exitCode() : -1, process.readAllStandardOutput(),
            process.readAllStandardError()};
}

inline Finished runBwla(const QStringList& arguments, const QByteArray& input = {}) {
    return run(BWLA_BINARY_DIR "/bwla", arguments, input);
}

/// Keys of an object, sorted.
inline QStringList keys(const nlohmann::json& object) {
    QStringList names;
    for (const auto& item : object.items())
        names << QString::fromStdString(item.key());
    names.sort();
    return names;
}

} // namespace bwla::test
