// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/studio/status_strip.h"

#include "ui/widgets/card.h"
#include "ui/widgets/process_memory.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

namespace bwla::ui {
namespace {

QString gigabytes(double bytes) {
    return QLocale().toString(bytes / 1e9, 'f', 1);
}

} // namespace

StatusStrip::StatusStrip(QWidget* parent)
    : QFrame(parent), device_(label({}, "caption")), job_(new QPushButton),
      memory_(label({}, "caption")) {
    setObjectName("statusStrip");
    setFixedHeight(28);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(16, 0, 16, 0);
    row->setSpacing(16);
    job_->setProperty("kind", "quiet");
    job_->setProperty("small", true);
    job_->setAccessibleName(tr("Running job"));
    row->addWidget(device_);
    row->addWidget(job_);
    row->addStretch();
    row->addWidget(memory_);
    connect(job_, &QPushButton::clicked, this, &StatusStrip::jobClicked);
    connect(&timer_, &QTimer::timeout, this, &StatusStrip::readMemory);
    timer_.start(2000);
    setDevice({});
    setJob(std::nullopt);
    readMemory();
}

void StatusStrip::setDevice(const QString& text) {
    device_->setText(text);
    device_->setVisible(!text.isEmpty());
}

void StatusStrip::setJob(const std::optional<JobStatus>& status) {
    job_->setText(status ? status->text : tr("No job running"));
    job_->setEnabled(status.has_value());
}

QString StatusStrip::jobText() const {
    return job_->text();
}

void StatusStrip::readMemory() {
    memory_->setText(
        tr("RAM %1 of %2 GB").arg(gigabytes(residentBytes()), gigabytes(physicalBytes())));
    memory_->setToolTip(tr("Memory this program keeps resident, of the machine's."));
}

} // namespace bwla::ui
