// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/process_memory.h"

#include "core/engine/machine_memory.h"

#include <QFile>

#include <unistd.h>

namespace bwla::ui {

double residentBytes() {
    QFile file("/proc/self/statm");
    if (!file.open(QIODevice::ReadOnly))
        return 0.0;
    const QList<QByteArray> fields = file.readAll().split(' ');
    return fields.size() > 1 ? fields[1].toDouble() * static_cast<double>(sysconf(_SC_PAGESIZE))
                             : 0.0;
}

double availableBytes() {
    return static_cast<double>(availableMemory());
}

double physicalBytes() {
    return static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
           static_cast<double>(sysconf(_SC_PAGESIZE));
}

} // namespace bwla::ui
