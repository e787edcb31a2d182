################################################################################
#
# dkvm
#
################################################################################

# A small folder with the binaries and their licences: board/image.sh fills it.
# Never cargo's target folder, which Buildroot would copy whole.
DKVM_VERSION = staged
DKVM_SITE = $(or $(DKVM_STAGED),$(BR2_EXTERNAL_DKVM_PATH)/../out/staged)
DKVM_SITE_METHOD = local
DKVM_LICENSE = MIT or Apache-2.0
DKVM_LICENSE_FILES = LICENSE-MIT LICENSE-APACHE
DKVM_DEPENDENCIES = alsa-lib jpeg

define DKVM_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/dkvm $(TARGET_DIR)/usr/bin/dkvm
	$(INSTALL) -D -m 0755 $(@D)/dkvm-device $(TARGET_DIR)/usr/bin/dkvm-device
endef

$(eval $(generic-package))
