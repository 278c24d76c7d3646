"""What can be asked, by subject: each module makes a router from a `Core`."""
